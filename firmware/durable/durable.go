// Package durable writes files that a power cut leaves whole: either the old one or the new one.
package durable

import (
	"os"
	"path/filepath"
)

// Write replaces the file at path by doc, readable by its owner alone (0600): written aside, synced,
// renamed, and the folder synced. On an error the old file stands as it was.
func Write(path string, doc []byte) error {
	aside := path + ".new"
	f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(doc)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(aside, path)
	}
	if err != nil {
		_ = os.Remove(aside) // on a full disk every byte counts
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}
