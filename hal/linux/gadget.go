package linux

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Gadgets is where the kernel's USB gadgets are, once configfs is mounted.
const Gadgets = "/sys/kernel/config/usb_gadget"

// udcClass is where the kernel's USB device controllers are.
const udcClass = "/sys/class/udc"

// udcPatience is how long Install waits for a controller whose driver is still starting.
const udcPatience = 5 * time.Second

// GadgetEntry is one thing below a gadget's folder: an attribute with its Text, a symbolic link to
// the folder Link below the gadget's, or, with neither, a folder.
type GadgetEntry struct {
	Path string
	Text []byte
	Link string
}

// Gadget is an installed gadget: bound to a controller, for a host to see. It takes root.
type Gadget struct {
	dir   string
	rmdir func(string) error
}

// InstallGadget makes a gadget in the folder root (Gadgets) and binds it to a controller by its
// name below /sys/class/udc, "" for the machine's only one. One of the same name that is left over,
// by whomever, is removed before; after an error nothing is left.
func InstallGadget(root, name, udc string, entries []GadgetEntry) (*Gadget, error) {
	g := &Gadget{filepath.Join(root, name), unix.Rmdir}
	return g, g.install(entries, func() (string, error) { return findUDC(udcClass, udc, udcPatience) })
}

func (g *Gadget) install(entries []GadgetEntry, udc func() (string, error)) error {
	if err := g.Close(); err != nil {
		return err
	}
	err := os.Mkdir(g.dir, 0o755)
	if err == nil {
		err = fillGadget(g.dir, entries)
	}
	if err == nil {
		var controller string
		if controller, err = udc(); err == nil {
			err = writeAttribute(filepath.Join(g.dir, "UDC"), []byte(controller))
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("linux: install USB gadget: %w", err), g.Close())
	}
	return nil
}

func fillGadget(dir string, entries []GadgetEntry) error {
	for _, e := range entries {
		if !filepath.IsLocal(e.Path) || e.Link != "" && !filepath.IsLocal(e.Link) {
			return fmt.Errorf("path %q leads outside", e.Path)
		}
		path := filepath.Join(dir, e.Path)
		var err error
		switch {
		case e.Link != "":
			err = os.Symlink(filepath.Join(dir, e.Link), path)
		case e.Text != nil:
			err = writeAttribute(path, e.Text)
		default:
			err = os.MkdirAll(path, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeAttribute writes an attribute in one piece, as configfs wants it.
func writeAttribute(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// Close unbinds the gadget from its controller and removes it, also one half made or made by another
// program. That it is not there is no error.
func (g *Gadget) Close() error {
	if _, err := os.Lstat(g.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	bound, err := os.ReadFile(filepath.Join(g.dir, "UDC"))
	if err == nil && strings.TrimSpace(string(bound)) != "" {
		if err := writeAttribute(filepath.Join(g.dir, "UDC"), []byte("\n")); err != nil && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("linux: unbind USB gadget: %w", err)
		}
	}
	// From the leaves: links before functions, strings before what they name.
	for _, pattern := range []string{"configs/*/*", "configs/*/strings/*", "configs/*", "functions/*", "strings/*", ""} {
		paths, _ := filepath.Glob(filepath.Join(g.dir, pattern))
		for _, p := range paths {
			if err := g.removeItem(p); err != nil {
				return fmt.Errorf("linux: remove USB gadget: %w", err)
			}
		}
	}
	return nil
}

// removeItem removes a link or a folder that somebody has made; attributes and folders of the kernel
// itself go with the folder they are in.
func (g *Gadget) removeItem(path string) error {
	st, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case st.Mode()&fs.ModeSymlink != 0:
		return os.Remove(path)
	case !st.IsDir():
		return nil
	}
	err = g.rmdir(path)
	if errors.Is(err, unix.EPERM) { // a folder of the kernel's, such as configs/c.1/strings
		return nil
	}
	if err != nil {
		return fmt.Errorf("rmdir %s: %w", path, err)
	}
	return nil
}

// findUDC waits for the controller with the given name or, if it has none, for any.
func findUDC(class, name string, patience time.Duration) (string, error) {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		have, _ := os.ReadDir(class)
		names := make([]string, len(have))
		for i, d := range have {
			names[i] = d.Name()
		}
		switch {
		case name != "" && slices.Contains(names, name):
			return name, nil
		case name == "" && len(names) > 0:
			return names[0], nil
		case time.Now().After(end):
			return "", fmt.Errorf("no USB device controller %q among %q", name, names)
		}
	}
}
