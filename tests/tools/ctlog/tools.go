//go:build tools

// Package tools names what this module exists for, so that "go mod tidy" keeps it.
package tools

import _ "github.com/google/certificate-transparency-go/trillian/ctfe/ct_server"
