// Command index-peer ACT FILE does with Helm's own loader what the benchmark of indexes does with ours.
//
//	read FILE     load the index and find the highest version of its first chart
//	convert FILE  load the index and make of it the JSON that Flux's source-controller stores
package main

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"maps"
	"os"
	"slices"

	repo "helm.sh/helm/v4/pkg/repo/v1"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: index-peer read|convert FILE")
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	index, err := repo.LoadIndexFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[1] {
	case "read":
		first := slices.Min(slices.Collect(maps.Keys(index.Entries)))
		if _, err := index.Get(first, "*"); err != nil {
			log.Fatal(err)
		}
	case "convert":
		bytes, err := json.MarshalIndent(index, "", "  ")
		if err != nil {
			log.Fatal(err)
		}
		if _, err := io.Discard.Write(bytes); err != nil {
			log.Fatal(err)
		}
	default:
		log.Fatalf("there is no act %q", os.Args[1])
	}
}
