package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// Dovecot is a running mail server: IMAP over TLS, one account for each user of whom it has mail, with PasswordOf it.
type Dovecot struct {
	dir  string
	mail string
	n    atomic.Int32
}

const dovecotConfig = `base_dir = DIR/run
state_dir = DIR/run
log_path = /dev/stderr
protocols = imap
ssl = required
ssl_cert = <CERT
ssl_key = <KEY
ssl_dh =
auth_mechanisms = plain
disable_plaintext_auth = yes
mail_location = maildir:MAIL/%u
first_valid_uid = 0
passdb {
  driver = static
  args = password=secret-%u
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=MAIL/%u
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = ADDR
    port = 993
    ssl = yes
  }
}
`

// StartDovecot starts a mail server in a namespace and waits until it answers at port 993 of an address.
func StartDovecot(ctx context.Context, ns *Namespace, at netip.Addr, pair KeyPair) (*Dovecot, error) {
	if err := Require("dovecot"); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dovecot") // a path that sockets have room for, and mail users may enter
	if err != nil {
		return nil, fmt.Errorf("lab: dovecot: %w", err)
	}
	d := &Dovecot{dir: dir, mail: filepath.Join(dir, "mail")}
	if err := os.MkdirAll(d.mail, 0o777); err != nil {
		return nil, fmt.Errorf("lab: dovecot: %w", err)
	}
	for _, p := range []string{dir, d.mail} {
		if err := os.Chmod(p, 0o777); err != nil {
			return nil, fmt.Errorf("lab: dovecot: %w", err)
		}
	}
	text := strings.NewReplacer("DIR", dir, "MAIL", d.mail, "CERT", pair.CertFile, "KEY", pair.KeyFile, "ADDR", at.String()).Replace(dovecotConfig)
	conf := filepath.Join(dir, "dovecot.conf")
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return nil, fmt.Errorf("lab: dovecot: %w", err)
	}
	proc, err := ns.Start(Command{Name: "dovecot", Argv: []string{"dovecot", "-F", "-c", conf}})
	if err != nil {
		return nil, err
	}
	return d, Poll(ctx, "dovecot", func() (bool, error) {
		select {
		case <-proc.Done():
			return false, fmt.Errorf("lab: dovecot has ended: %s", lastLines(proc.Log.Since(0), 5))
		default:
		}
		c, err := ns.Dial(ctx, "tcp", netip.AddrPortFrom(at, 993))
		if err == nil {
			c.Close()
		}
		return err == nil, nil
	})
}

// Deliver puts a mail into somebody's inbox, as a delivery agent does (maildir).
func (d *Dovecot) Deliver(user, mail string) error {
	box := filepath.Join(d.mail, user)
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(box, sub), 0o777); err != nil {
			return fmt.Errorf("lab: deliver: %w", err)
		}
	}
	name := filepath.Join(box, "new", fmt.Sprintf("%d.lab", d.n.Add(1)))
	if err := os.WriteFile(name, []byte(mail), 0o666); err != nil {
		return fmt.Errorf("lab: deliver: %w", err)
	}
	if out, err := exec.Command("chown", "-R", "nobody:nogroup", box).CombinedOutput(); err != nil {
		return fmt.Errorf("lab: deliver: %w: %s", err, out)
	}
	return nil
}

// Mails counts those of a user that were heard, and all.
func (d *Dovecot) Mails(user string) (heard, all int) {
	files, _ := filepath.Glob(filepath.Join(d.mail, user, "[nc][eu][wr]", "*"))
	for _, f := range files {
		if _, flags, _ := strings.Cut(filepath.Base(f), ":2,"); strings.Contains(flags, "S") {
			heard++
		}
	}
	return heard, len(files)
}

// Close removes its mail; the server ends with its namespace.
func (d *Dovecot) Close() error { return os.RemoveAll(d.dir) }
