package main

import (
	"os"

	"opendeskphone/firmware/settings"
)

// settingsFile is the user's settings, which the phone daemon writes.
const settingsFile = "/data/settings.toml"

// readSettings reads the settings that are in force: those of the user's file or, if that is wrong, the last
// good ones, with the fault. Every settings file there is can be used: a phone off the network cannot be
// helped from afar.
func readSettings(file string) (settings.File, error) {
	return settings.Load(settings.Paths{User: file})
}

// writeAtomic replaces a file so that its readers see either the old or the new one.
func writeAtomic(file string, data []byte) error {
	tmp := file + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o644); err != nil { // whatever our umask is: the daemon must read it
		return err
	}
	return os.Rename(tmp, file)
}
