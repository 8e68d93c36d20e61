package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tables of what a server of presence, of lists and of rooms keeps, as Debian ships them: text files. It crashes when it shall keep the
// states of a list's people in sqlite.
var tables = []string{"version", "presentity", "active_watchers", "watchers", "pua", "xcap", "rls_presentity", "rls_watchers", "imc_rooms", "imc_members"}

// List is a list of people that the server keeps for a user (RFC 4826).
type List struct {
	Owner, Name string
	People      []string
}

// makeDatabase makes an empty database for what a server of presence wants to keep, but for the lists.
func (k *Kamailio) makeDatabase() error {
	if err := os.MkdirAll(k.file("db"), 0o755); err != nil {
		return fmt.Errorf("lab: make database: %w", err)
	}
	for _, table := range tables {
		text, err := os.ReadFile("/usr/share/kamailio/dbtext/kamailio/" + table)
		if err != nil {
			return fmt.Errorf("lab: tables of Kamailio: %w", err)
		}
		if table == "xcap" {
			for i, l := range k.cfg.Lists {
				text = fmt.Appendf(text, "%d:%s:%s:%s:8:1:0:%s:0\n", i+1, l.Owner, k.cfg.Domain, escaped.Replace(k.document(l)), l.Name)
			}
		}
		if err := os.WriteFile(filepath.Join(k.file("db"), table), text, 0o644); err != nil {
			return fmt.Errorf("lab: make database: %w", err)
		}
	}
	return nil
}

// escaped is how a table has text.
var escaped = strings.NewReplacer(`\`, `\\`, ":", `\:`, "\n", `\n`)

// document is a list as RFC 4826 §4.2 has it.
func (k *Kamailio) document(l List) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0"?><rls-services xmlns="urn:ietf:params:xml:ns:rls-services"><service uri="sip:%s@%s"><list>`, l.Name, k.cfg.Domain)
	for _, p := range l.People {
		fmt.Fprintf(&b, `<entry uri="sip:%s@%s"/>`, p, k.cfg.Domain)
	}
	b.WriteString(`</list></service></rls-services>`)
	return b.String()
}
