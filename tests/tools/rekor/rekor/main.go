// Command rekor serves the API of Rekor, the first version, on one address and opens no other port.
//
//	rekor -log ADDRESS -tree ID -key KEY.pem -origin NAME ADDRESS
//
// The published program serves its metrics on every interface as well, and wants a database for its search. Here
// the same server has neither; it keeps its entries in a tree of a Trillian log server.
package main

import (
	"flag"
	"log"
	"net"
	"strconv"

	"github.com/go-openapi/loads"
	"github.com/sigstore/rekor/pkg/api"
	"github.com/sigstore/rekor/pkg/generated/restapi"
	"github.com/sigstore/rekor/pkg/generated/restapi/operations"
	"github.com/spf13/viper"

	// The kinds of entries that cosign makes.
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
)

func main() {
	backend := flag.String("log", "", "address of the Trillian log server")
	tree := flag.Int64("tree", 0, "the tree in it")
	key := flag.String("key", "", "PEM private key, not encrypted")
	origin := flag.String("origin", "rekor.test", "the name that checkpoints begin with")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: rekor -log ADDRESS -tree ID -key KEY.pem -origin NAME ADDRESS")
	}
	host, port := split(flag.Arg(0))
	logHost, logPort := split(*backend)
	for name, value := range map[string]any{
		"trillian_log_server.address": logHost,
		"trillian_log_server.port":    logPort,
		"rekor_server.signer":         *key,
		"rekor_server.hostname":       *origin,
		"max_request_body_size":       1 << 20,
		// All but the search, which is what the database is for.
		"enabled_api_endpoints": []string{
			"createLogEntry", "getLogEntryByIndex", "getLogEntryByUUID", "searchLogQuery",
			"getLogInfo", "getLogProof", "getPublicKey",
		},
	} {
		viper.Set(name, value)
	}
	api.ConfigureAPI(*tree)

	document, err := loads.Embedded(restapi.SwaggerJSON, restapi.FlatSwaggerJSON)
	if err != nil {
		log.Fatal(err)
	}
	server := restapi.NewServer(operations.NewRekorServerAPI(document))
	server.EnabledListeners = []string{"http"}
	server.Host, server.Port = host, port
	server.ConfigureAPI()
	log.Fatal(server.Serve())
}

func split(address string) (string, int) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		log.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		log.Fatalf("%s: %v", address, err)
	}
	return host, port
}
