package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"syscall"
)

// bbolt trusts the pages of its file: a flipped bit in one can send it round in a circle, or through
// all of the memory. So the structure is walked before bbolt sees it, with nothing believed:
//
//	meta 0 | meta 1 | pages: branch -> branch -> leaf, a free list; header of 16 bytes: id, flags, count, overflow
//
// What is inside of keys and values is judged later, by whoever reads them.
const (
	magic      = 0xED0CDAED
	version    = 2
	headerLen  = 16
	metaSumLen = 56 // bytes of a meta that its sum covers
	branchFlag = 1
	leafFlag   = 2
	freeFlag   = 16
	bucketFlag = 1  // of a leaf's element: its value is the root of a bucket
	bucketLen  = 16 // root and sequence
	maxDepth   = 16
)

var native = binary.NativeEndian

// verify tells whether the file can be given to bbolt. A file that is empty, absent, or in use by
// another process is not judged.
func verify(path string) error {
	fd, err := os.Open(path)
	if err != nil {
		return nil // bbolt will say what is wrong
	}
	defer fd.Close()
	info, err := fd.Stat()
	if err != nil || info.Size() == 0 || syscall.Flock(int(fd.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil
	}
	v := walker{file: fd, seen: map[uint64]bool{}}
	root, free, err := v.meta(uint64(info.Size()))
	if err == nil {
		err = v.tree(root, bounds{}, 0)
	}
	if err == nil {
		err = v.freeList(free)
	}
	return err
}

// walker is a verify in progress.
type walker struct {
	file     io.ReaderAt
	pageSize uint64
	end      uint64 // the first page that is none
	seen     map[uint64]bool
}

// meta finds the younger of the two metas that is whole, as bbolt does.
func (v *walker) meta(size uint64) (root, free uint64, err error) {
	v.pageSize = uint64(os.Getpagesize())
	best := uint64(0)
	found := false
	for id := range uint64(2) {
		p := make([]byte, headerLen+metaSumLen+8)
		if _, err := v.file.ReadAt(p, int64(id*v.pageSize)); err != nil {
			continue
		}
		m := p[headerLen:]
		sum := fnv.New64a()
		sum.Write(m[:metaSumLen])
		whole := native.Uint32(m) == magic && native.Uint32(m[4:]) == version && uint64(native.Uint32(m[8:])) == v.pageSize &&
			sum.Sum64() == native.Uint64(m[metaSumLen:])
		if tx := native.Uint64(m[48:]); whole && (!found || tx > best) {
			found, best = true, tx
			root, free, v.end = native.Uint64(m[16:]), native.Uint64(m[32:]), native.Uint64(m[40:])
		}
	}
	switch {
	case !found:
		return 0, 0, errors.New("no meta page is whole")
	case v.end > size/v.pageSize:
		return 0, 0, fmt.Errorf("%d pages in %d bytes", v.end, size)
	}
	return root, free, nil
}

// page reads a page with its overflow, which nobody may have visited yet.
func (v *walker) page(id uint64) ([]byte, error) {
	head := make([]byte, headerLen)
	if id < 2 || id >= v.end {
		return nil, fmt.Errorf("page %d of %d", id, v.end)
	}
	if _, err := v.file.ReadAt(head, int64(id*v.pageSize)); err != nil {
		return nil, err
	}
	n := 1 + uint64(native.Uint32(head[12:]))
	if native.Uint64(head) != id || id+n > v.end {
		return nil, fmt.Errorf("page %d is numbered %d and %d pages long", id, native.Uint64(head), n)
	}
	for i := range n {
		if err := v.visit(id + i); err != nil {
			return nil, err
		}
	}
	p := make([]byte, n*v.pageSize)
	_, err := v.file.ReadAt(p, int64(id*v.pageSize))
	return p, err
}

func (v *walker) visit(id uint64) error {
	if id < 2 || id >= v.end || v.seen[id] {
		return fmt.Errorf("page %d of %d is used twice or is none", id, v.end)
	}
	v.seen[id] = true
	return nil
}

// bounds are what the keys of a page must lie between, from low to before high; nil is no bound.
type bounds struct{ low, high []byte }

func (v *walker) tree(id uint64, within bounds, depth int) error {
	if depth > maxDepth {
		return errors.New("the tree is too deep")
	}
	p, err := v.page(id)
	if err != nil {
		return err
	}
	switch native.Uint16(p[8:]) {
	case branchFlag:
		return v.branch(p, within, depth)
	case leafFlag:
		return v.leaf(p, within, depth)
	}
	return fmt.Errorf("page %d has the flags %d", id, native.Uint16(p[8:]))
}

// branch walks elements of pos, key length and page.
func (v *walker) branch(p []byte, within bounds, depth int) error {
	n := int(native.Uint16(p[10:]))
	if n == 0 {
		return errors.New("a branch without pages")
	}
	pages, lows := make([]uint64, n), make([][]byte, n+1)
	for i := range n {
		e, err := element(p, i)
		if err != nil {
			return err
		}
		if lows[i], err = keyOf(e, native.Uint32(e), native.Uint32(e[4:]), 0, &within); err != nil {
			return err
		}
		pages[i] = native.Uint64(e[8:])
	}
	lows[n] = within.high
	for i, id := range pages {
		if err := v.tree(id, bounds{lows[i], lows[i+1]}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaf walks elements of flags, pos, key length and value length.
func (v *walker) leaf(p []byte, within bounds, depth int) error {
	for i := range int(native.Uint16(p[10:])) {
		e, err := element(p, i)
		if err != nil {
			return err
		}
		pos, keyLen, valueLen := native.Uint32(e[4:]), native.Uint32(e[8:]), native.Uint32(e[12:])
		if _, err = keyOf(e, pos, keyLen, valueLen, &within); err != nil {
			return err
		}
		switch native.Uint32(e) {
		case 0:
		case bucketFlag:
			at := uint64(pos) + uint64(keyLen)
			if err := v.bucket(e[at:at+uint64(valueLen)], depth); err != nil {
				return err
			}
		default:
			return fmt.Errorf("an element has the flags %d", native.Uint32(e))
		}
	}
	return nil
}

// bucket walks a bucket: a root page of its own, or a small leaf right in the value.
func (v *walker) bucket(value []byte, depth int) error {
	if len(value) < bucketLen {
		return errors.New("a bucket without a root")
	}
	if root := native.Uint64(value); root != 0 {
		return v.tree(root, bounds{}, depth+1)
	}
	inside := value[bucketLen:]
	if depth > maxDepth || len(inside) < headerLen || native.Uint16(inside[8:]) != leafFlag {
		return errors.New("a bucket without a page")
	}
	return v.leaf(inside, bounds{}, depth+1)
}

// element gives the page from its i-th element on: positions count from there.
func element(p []byte, i int) ([]byte, error) {
	at := headerLen + 16*i
	if at+16 > len(p) {
		return nil, errors.New("an element lies outside of its page")
	}
	return p[at:], nil
}

// keyOf gives the key of an element, which must lie in the page with its value, and within the
// bounds. It becomes the lower bound of those after it, which must not be the same.
func keyOf(e []byte, pos, keyLen, valueLen uint32, within *bounds) ([]byte, error) {
	if keyLen == 0 || uint64(pos)+uint64(keyLen)+uint64(valueLen) > uint64(len(e)) {
		return nil, errors.New("a value lies outside of its page")
	}
	k := e[pos : pos+keyLen]
	if bytes.Compare(k, within.low) < 0 || within.high != nil && bytes.Compare(k, within.high) >= 0 {
		return nil, errors.New("keys are out of order")
	}
	within.low = append(bytes.Clone(k), 0) // the least key above k
	return k, nil
}

// freeList visits the free pages: none may be in use.
func (v *walker) freeList(id uint64) error {
	p, err := v.page(id)
	if err != nil {
		return err
	}
	n, ids := uint64(native.Uint16(p[10:])), p[headerLen:]
	if n == 0xFFFF { // more than fit: the first is their number
		n, ids = native.Uint64(ids), ids[8:]
	}
	if native.Uint16(p[8:]) != freeFlag || n > uint64(len(ids)/8) {
		return fmt.Errorf("a free list of %d pages with the flags %d", n, native.Uint16(p[8:]))
	}
	for i := range n {
		if err := v.visit(native.Uint64(ids[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
