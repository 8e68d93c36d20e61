package keep

import (
	"fmt"
	"os"
	"syscall"
)

// private refuses what others may read or what is not this user's.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("keep: %s may be read by others: chmod go-rwx %[1]s", path)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Getuid() {
		return fmt.Errorf("keep: %s belongs to another user", path)
	}
	return nil
}
