#!/bin/sh
# Prints the packages, but for the end-to-end tests, whose tests want root: those that make networks in tools/lab.
set -eu
go=$("$(dirname "$0")"/go.sh)
$go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... |
	grep -E '^opendeskphone/tools/lab |[ ]opendeskphone/tools/lab(/desk)?( |$)' | cut -d' ' -f1 | grep -v '/tools/e2e$'
