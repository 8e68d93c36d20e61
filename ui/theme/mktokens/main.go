// Command mktokens turns tokens.toml into tokens_gen.go, so that the phone starts without parsing anything and every
// number and colour still has one source.
package main

import (
	"fmt"
	"os"

	"opendeskphone/ui/theme/tokens"
)

func main() {
	source, err := os.ReadFile("tokens.toml")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mktokens:", err)
		os.Exit(1)
	}
	code, err := tokens.Generate(source)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mktokens:", err)
		os.Exit(1)
	}
	if err := os.WriteFile("tokens_gen.go", code, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "mktokens:", err)
		os.Exit(1)
	}
}
