// Command trillian serves Merkle trees in memory: Trillian's log server with its administration and its sequencer,
// which are three programs and a database otherwise.
//
//	trillian -trees N -list FILE ADDRESS
//
// It begins with N empty trees and writes their numbers to FILE, one on a line, when it can be asked about them.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/extension"
	sequencing "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/memory"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
)

// How often new leaves are made part of the trees: whoever signs waits for it.
const interval = 50 * time.Millisecond

func main() {
	count := flag.Int("trees", 1, "how many trees")
	list := flag.String("list", "", "the file for their numbers")
	flag.Parse()
	if flag.NArg() != 1 || *list == "" {
		log.Fatal("usage: trillian -trees N -list FILE ADDRESS")
	}
	listener, err := net.Listen("tcp", flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}

	content, metrics := memory.NewTreeStorage(), monitoring.InertMetricFactory{}
	registry := extension.Registry{
		AdminStorage:  memory.NewAdminStorage(content),
		LogStorage:    memory.NewLogStorage(content, metrics),
		QuotaManager:  quota.Noop(),
		MetricFactory: metrics,
	}
	trees, logs := admin.New(registry, nil), server.NewTrillianLogRPCServer(registry, clock.System)
	ctx := context.Background()
	var numbers strings.Builder
	for range *count {
		tree, err := trees.CreateTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{
			TreeType:        trillian.TreeType_LOG,
			TreeState:       trillian.TreeState_ACTIVE,
			MaxRootDuration: durationpb.New(time.Hour),
		}})
		if err != nil {
			log.Fatal(err)
		}
		if _, err := logs.InitLog(ctx, &trillian.InitLogRequest{LogId: tree.TreeId}); err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(&numbers, tree.TreeId)
	}

	sequencer := sequencing.NewOperationManager(sequencing.OperationInfo{
		Registry:    registry,
		BatchSize:   100,
		NumWorkers:  1,
		RunInterval: interval,
		TimeSource:  clock.System,
	}, sequencing.NewSequencerManager(registry, 0))
	go sequencer.OperationLoop(ctx)

	api := grpc.NewServer(grpc.UnaryInterceptor(interceptor.ErrorWrapper))
	trillian.RegisterTrillianAdminServer(api, trees)
	trillian.RegisterTrillianLogServer(api, logs)
	// Connections wait in the listener from here on. Renamed when whole: nobody reads half a list.
	if err := os.WriteFile(*list+".new", []byte(numbers.String()), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(*list+".new", *list); err != nil {
		log.Fatal(err)
	}
	log.Fatal(api.Serve(listener))
}
