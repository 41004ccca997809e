// Command timestamp-authority serves sigstore's timestamp authority (RFC 3161) on one address and opens no other
// port.
//
//	timestamp-authority -chain CHAIN.pem -key KEY.pem ADDRESS
//
// The published program serves its metrics on every interface as well, and compares its clock with public ones.
package main

import (
	"flag"
	"log"
	"net"
	"strconv"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

// The policy that the published program states for its timestamps.
const policy = "1.3.6.1.4.1.57264.2"

const patience = 30 * time.Second

func main() {
	chain := flag.String("chain", "", "PEM certificates, the one that signs first")
	key := flag.String("key", "", "PEM private key of the first certificate, not encrypted")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: timestamp-authority -chain CHAIN.pem -key KEY.pem ADDRESS")
	}
	host, text, err := net.SplitHostPort(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		log.Fatalf("%s: %v", flag.Arg(0), err)
	}
	for name, value := range map[string]any{
		"timestamp-signer":       "file",
		"timestamp-signer-hash":  "sha256",
		"file-signer-key-path":   *key,
		"certificate-chain-path": *chain,
		"default-policy-oid":     policy,
		"accepted-policy-oids":   []string{policy},
		"max-request-body-size":  1 << 20,
		// Where there is an intermediate, it may issue nothing but authorities of this kind.
		"enforce-intermediate-eku": true,
	} {
		viper.Set(name, value)
	}
	const everyMethod = false
	api := server.NewRestAPIServer(host, port, []string{"http"}, everyMethod, patience, patience)
	log.Fatal(api.Serve())
}
