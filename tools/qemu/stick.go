package qemu

import (
	"fmt"
	"os"
	"os/exec"
)

// StickSize is the size of a USB stick that MakeStick makes, in bytes.
const StickSize = 40 << 20

// MakeStick makes the image of a USB stick with a file system, vfat, exfat or ext4.
func MakeStick(path, kind string) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return fmt.Errorf("qemu: stick: %w", err)
	}
	if err := os.Truncate(path, StickSize); err != nil {
		return fmt.Errorf("qemu: stick: %w", err)
	}
	cmd := exec.Command("mkfs."+kind, path)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("qemu: stick: %w\n%s", err, out)
	}
	return nil
}
