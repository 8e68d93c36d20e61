// Package keep is where the program keeps things between its runs: small JSON files in a folder that
// only its user may read. A file is replaced as a whole, so that it is never half written.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a folder of files. Two processes must not write the same file at a time.
type Folder string

// State is where identity and pairings are: $XDG_STATE_HOME/odp, or ~/.local/state/odp.
func State() (Folder, error) { return xdg("XDG_STATE_HOME", ".local/state") }

// Data is where contacts and preferences are: $XDG_DATA_HOME/odp, or ~/.local/share/odp.
func Data() (Folder, error) { return xdg("XDG_DATA_HOME", ".local/share") }

func xdg(env, below string) (Folder, error) {
	base := os.Getenv(env)
	if !filepath.IsAbs(base) { // the XDG base directory specification ignores relative ones
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("keep: %w", err)
		}
		base = filepath.Join(home, below)
	}
	return Folder(filepath.Join(base, "odp")), nil
}

// Runtime is where sockets are: $XDG_RUNTIME_DIR/odp, or a folder of this user's below the temporary
// one. It is made, and refused if it is anybody else's.
func Runtime() (Folder, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	dir := filepath.Join(base, "odp")
	if !filepath.IsAbs(base) {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("odp-%d", os.Getuid()))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep: %w", err)
	}
	if err := private(dir); err != nil {
		return "", err
	}
	return Folder(dir), nil
}

// Path gives the path of a file.
func (f Folder) Path(name string) string { return filepath.Join(string(f), name) }

// Load reads a file into v. A file that is not there leaves v as it is and is no error; one that
// others may read or that is broken is.
func (f Folder) Load(name string, v any) error {
	path := f.Path(name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if err := private(path); err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("keep: %s: %w", path, err)
	}
	return nil
}

// Save replaces a file by v.
func (f Folder) Save(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return fmt.Errorf("keep: %s: %w", name, err)
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if err := f.replace(name, append(text, '\n')); err != nil {
		return fmt.Errorf("keep: %s: %w", name, err)
	}
	return nil
}

// replace writes beside and renames; the data is on the disk before its name is.
func (f Folder) replace(name string, text []byte) error {
	tmp, err := os.CreateTemp(string(f), name+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails when all went well
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), f.Path(name))
}
