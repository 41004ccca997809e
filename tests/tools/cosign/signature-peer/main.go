// Command signature-peer does with Sigstore's own libraries for Go what the benchmark of signatures does
// with ours.
//
//	keyed COUNT KEY PAYLOAD SIGNATURE                   check a signature over a payload, COUNT times
//	keyless COUNT ROOT BUNDLE DIGEST ISSUER SUBJECT     judge a bundle of a container, COUNT times
package main

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: signature-peer keyed|keyless COUNT ...")
	}
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	switch arguments := os.Args[3:]; os.Args[1] {
	case "keyed":
		keyed(count, arguments)
	case "keyless":
		keyless(count, arguments)
	default:
		log.Fatalf("there is no act %q", os.Args[1])
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	check(err)
	return content
}

func keyed(count int, arguments []string) {
	key, err := cryptoutils.UnmarshalPEMToPublicKey(read(arguments[0]))
	check(err)
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	check(err)
	payload := read(arguments[1])
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(arguments[2]))
	check(err)
	for range count {
		check(verifier.VerifySignature(bytes.NewReader(sig), bytes.NewReader(payload)))
	}
}

func keyless(count int, arguments []string) {
	trusted, err := root.NewTrustedRootFromPath(arguments[0])
	check(err)
	verifier, err := verify.NewVerifier(trusted,
		verify.WithSignedCertificateTimestamps(1),
		verify.WithTransparencyLog(1),
		verify.WithObserverTimestamps(1),
	)
	check(err)
	digest, err := hex.DecodeString(arguments[2])
	check(err)
	identity, err := verify.NewShortCertificateIdentity(arguments[3], "", arguments[4], "")
	check(err)
	policy := verify.NewPolicy(
		verify.WithArtifactDigest("sha256", digest),
		verify.WithCertificateIdentity(identity),
	)
	content := read(arguments[1])
	for range count {
		var judged bundle.Bundle
		check(judged.UnmarshalJSON(content))
		_, err := verifier.Verify(&judged, policy)
		check(err)
	}
}
