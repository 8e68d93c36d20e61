package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// schemas of what a server of presence keeps, as Debian ships them.
var schemas = []string{"standard", "presence"}

// makeDatabase makes an empty database for what a server of presence wants to keep.
func (k *Kamailio) makeDatabase() error {
	if err := Require("sqlite3"); err != nil {
		return err
	}
	var sql strings.Builder
	for _, s := range schemas {
		text, err := os.ReadFile("/usr/share/kamailio/db_sqlite/" + s + "-create.sql")
		if err != nil {
			return fmt.Errorf("lab: schema of Kamailio (apt-get install kamailio-sqlite-modules): %w", err)
		}
		sql.Write(text)
	}
	_ = os.Remove(k.file("presence.db"))
	cmd := exec.Command("sqlite3", k.file("presence.db"))
	cmd.Stdin = strings.NewReader(sql.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: make database: %w: %s", err, out)
	}
	return nil
}
