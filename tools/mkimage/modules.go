package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"opendeskphone/boards"
)

// signatureMark ends a module with an appended signature (kernel: include/linux/module_signature.h).
const signatureMark = "~Module signature appended~\n"

// softDeps are needs that modules state only as crypto algorithm names, which a helper program
// would look up at load time; the image has none.
var softDeps = map[string][]string{"ext4": {"crc32c_generic"}}

// kernelModules are the modules of one kernel package by their names with underscores.
type kernelModules struct {
	path    map[string]string
	builtin map[string]bool
}

func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".ko"), "-", "_")
}

// readModules looks through root/lib/modules/VERSION.
func readModules(root string) (*kernelModules, error) {
	k := &kernelModules{path: map[string]string{}, builtin: map[string]bool{}}
	err := filepath.WalkDir(filepath.Join(root, "lib/modules"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case filepath.Ext(path) == ".ko":
			k.path[moduleName(path)] = path
		case d.Name() == "modules.builtin":
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(data)) {
				k.builtin[moduleName(strings.TrimSpace(line))] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mkimage: read kernel modules: %w", err)
	}
	return k, nil
}

// depends reads what a module needs from its own .modinfo section.
func (k *kernelModules) depends(name string) ([]string, error) {
	f, err := elf.Open(k.path[name])
	if err != nil {
		return nil, fmt.Errorf("mkimage: module %s: %w", name, err)
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("mkimage: module %s has no .modinfo", name)
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("mkimage: module %s: %w", name, err)
	}
	deps := slices.Clone(softDeps[name])
	for _, entry := range bytes.Split(info, []byte{0}) {
		if list, ok := strings.CutPrefix(string(entry), "depends="); ok && list != "" {
			deps = append(deps, strings.Split(strings.ReplaceAll(list, "-", "_"), ",")...)
		}
	}
	return deps, nil
}

// step is one module to load: the group it is loaded with, its file and its parameters.
type step struct {
	group, name, params string
}

// order lists every module of the groups with all they depend on, each once, needs before users.
func (k *kernelModules) order(groups []boards.ModuleGroup) ([]step, error) {
	var steps []step
	done := map[string]bool{}
	var add func(group, name, params string) error
	add = func(group, name, params string) error {
		if done[name] || k.builtin[name] {
			return nil
		}
		if k.path[name] == "" {
			return fmt.Errorf("mkimage: the kernel has no module %s", name)
		}
		done[name] = true // before the needs: a circle then ends here
		deps, err := k.depends(name)
		if err != nil {
			return err
		}
		for _, d := range deps {
			if err := add(group, d, ""); err != nil {
				return err
			}
		}
		steps = append(steps, step{group, name, params})
		return nil
	}
	for _, g := range groups {
		for _, m := range g.Modules {
			name, params, _ := strings.Cut(m, " ")
			if err := add(g.Name, name, params); err != nil {
				return nil, err
			}
		}
	}
	return steps, nil
}

// list writes the steps as init reads them: "group name parameters" lines.
func list(steps []step) []byte {
	var b bytes.Buffer
	for _, s := range steps {
		fmt.Fprintln(&b, strings.TrimSpace(s.group+" "+s.name+" "+s.params))
	}
	return b.Bytes()
}

// modulesDir is where the modules lie on the system disk; init has the same.
const modulesDir = "lib/modules"

// moduleFile is one file of a folder of modules.
type moduleFile struct {
	name string
	data []byte
}

// files are those of a folder from which init loads the steps: their list, and the modules.
func (k *kernelModules) files(steps []step) ([]moduleFile, error) {
	files := []moduleFile{{"list", list(steps)}}
	for _, s := range steps {
		data, err := os.ReadFile(k.path[s.name])
		if err != nil {
			return nil, fmt.Errorf("mkimage: %w", err)
		}
		files = append(files, moduleFile{s.name + ".ko", unsigned(data)})
	}
	return files, nil
}

// install writes a folder of modules.
func (k *kernelModules) install(dir string, steps []step) error {
	files, err := k.files(steps)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	for _, f := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644))
	}
	if err != nil {
		return fmt.Errorf("mkimage: install modules: %w", err)
	}
	return nil
}

// unsigned cuts off a module's appended signature. The kernel does not insist on it, and checking
// three dozen RSA signatures costs a phone's processor a noticeable part of its start; the
// image as a whole is what is to be verified.
func unsigned(module []byte) []byte {
	const trailer = 12 // struct module_signature, its last field the signature's length, big endian
	body, ok := bytes.CutSuffix(module, []byte(signatureMark))
	if !ok || len(body) < trailer {
		return module
	}
	n := body[len(body)-4:]
	size := int(n[0])<<24 | int(n[1])<<16 | int(n[2])<<8 | int(n[3])
	if size+trailer > len(body) {
		return module
	}
	return body[:len(body)-trailer-size]
}
