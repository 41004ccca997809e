//go:build tools

// Package tools names what this module exists for, so that "go mod tidy" keeps it.
package tools

import _ "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix"
