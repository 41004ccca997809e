// Command fulcio serves Fulcio's API, both versions of it, on one address and opens no other port.
//
//	fulcio -chain CHAIN.pem -key KEY.pem -issuers ISSUERS.yaml [-ct-log URL] ADDRESS
//
// The published program serves its metrics on every interface, reads nothing but an encrypted key, and needs a
// port and a socket of its own for each of its two gRPC servers. Here the same servers are called in this
// process. Certificates are logged, and carry the log's promise (SCT), when a log is named.
package main

import (
	"context"
	"crypto"
	"flag"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/config"
	gateway "github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
	"github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Whose keys are certified: all that Fulcio certifies unless it is told otherwise.
var algorithms = []v1.PublicKeyDetails{
	v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
	v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
	v1.PublicKeyDetails_PKIX_ED25519,
}

func main() {
	chain := flag.String("chain", "", "PEM certificates, the one that issues first")
	key := flag.String("key", "", "PEM private key of the first certificate")
	issuers := flag.String("issuers", "", "Fulcio's configuration of OpenID issuers, which have to answer already")
	ctLog := flag.String("ct-log", "", "certificate transparency log; none without it")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: fulcio -chain CHAIN.pem -key KEY.pem -issuers ISSUERS.yaml [-ct-log URL] ADDRESS")
	}
	// Not config.Load, which goes on with the public issuers when there is no such file.
	configuration, err := config.Read(read(*issuers))
	if err != nil {
		log.Fatalf("the issuers: %v", err)
	}
	permitted, err := signature.NewAlgorithmRegistryConfig(algorithms)
	if err != nil {
		log.Fatal(err)
	}
	authority := server.NewGRPCCAServer(logOf(*ctLog), authorityOf(*chain, *key), permitted, server.NewIssuerPool(configuration))
	mux := runtime.NewServeMux(runtime.WithMetadata(tokenOf), runtime.WithForwardResponseOption(asAsked))
	if err := gateway.RegisterCAHandlerServer(context.Background(), mux, authority); err != nil {
		log.Fatal(err)
	}
	if err := legacy.RegisterCAHandlerServer(context.Background(), mux, server.NewLegacyGRPCCAServer(authority)); err != nil {
		log.Fatal(err)
	}
	// The servers look for their configuration in the context of every request.
	configured := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(config.With(r.Context(), configuration)))
	})
	log.Fatal(http.ListenAndServe(flag.Arg(0), server.WithMaxBytes(configured, 4<<20)))
}

func authorityOf(chain, key string) ca.CertificateAuthority {
	certificates, err := cryptoutils.UnmarshalCertificatesFromPEM(read(chain))
	if err != nil {
		log.Fatalf("%s: %v", chain, err)
	}
	private, err := cryptoutils.UnmarshalPEMToPrivateKey(read(key), cryptoutils.SkipPassword)
	if err != nil {
		log.Fatalf("%s: %v", key, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		log.Fatalf("%s: a %T signs nothing", key, private)
	}
	if err := ca.VerifyCertChain(certificates, signer); err != nil {
		log.Fatalf("%s: %v", chain, err)
	}
	return &baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Certs: certificates, Signer: signer}}
}

func logOf(url string) *ctclient.LogClient {
	if url == "" {
		return nil
	}
	client, err := ctclient.New(url, &http.Client{Timeout: 30 * time.Second}, jsonclient.Options{})
	if err != nil {
		log.Fatalf("the log %s: %v", url, err)
	}
	return client
}

// tokenOf hands the token of a request to the first version of the API, which knows it as metadata.
func tokenOf(_ context.Context, r *http.Request) metadata.MD {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return metadata.Pairs(server.MetadataOIDCTokenKey, token)
}

// asAsked gives an answer the status that the first version of the API wants: its clients insist on 201.
func asAsked(ctx context.Context, w http.ResponseWriter, _ proto.Message) error {
	said, ok := runtime.ServerMetadataFromContext(ctx)
	if !ok {
		return nil
	}
	for _, value := range said.HeaderMD.Get(server.HTTPResponseCodeMetadataKey) {
		status, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		w.WriteHeader(status)
	}
	return nil
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return content
}
