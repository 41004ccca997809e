// Command referrers-registry ADDRESS serves an in-memory OCI registry that answers the referrers API,
// which "crane registry serve" has no switch for.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: referrers-registry ADDRESS (such as 127.0.0.1:5000)")
	}
	log.Fatal(http.ListenAndServe(os.Args[1], registry.New(registry.WithReferrersSupport(true))))
}
