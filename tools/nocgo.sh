#!/bin/sh
# Prints the packages of the phone that neither are cgo nor reach it, and are no tests against real peers:
set -eu
go=$("$(dirname "$0")"/go.sh)
$go list -f '{{.ImportPath}} {{join .Deps " "}}' ./... |
	grep -vE 'opendeskphone/(audio/soundcard|audio/codec/opus|usbhid/host)( |$)' |
	cut -d' ' -f1 | grep -vE '^opendeskphone($|/tools/)' | grep -vxF "$("$(dirname "$0")"/rooted.sh)"
