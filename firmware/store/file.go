package store

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	lockTime = time.Second // how long another process may hold the file
	maxSize  = 32 << 20    // bytes of the file; a full store needs some MiB
)

var buckets = []string{contactsBucket, logBucket, oldCallsBucket, memoryBucket}

// content is all that a file holds: bucket -> key -> value.
type content map[string]map[string][]byte

// errDamaged: the file is no database, or not a whole one. It must be set aside.
var errDamaged = errors.New("store: the file is damaged")

// file is the database on disk. It belongs to one goroutine at a time.
type file struct {
	path string
	db   *bolt.DB // nil: not open
	fd   *os.File
}

// open opens the database, making an empty one where there is none, and reads all of it: what can be
// read is whole. On an error it is closed again.
func (f *file) open() (c content, err error) {
	defer f.guard(&err)
	defer faults()()
	if err := verify(f.path); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	options := &bolt.Options{Timeout: lockTime, MaxSize: maxSize, OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
		fd, err := os.OpenFile(name, flag, perm)
		f.fd = fd
		return fd, err
	}}
	db, err := bolt.Open(f.path, 0o600, options)
	if err != nil {
		f.fd = nil
		err = fmt.Errorf("store: open: %w", err)
		if errno := syscall.Errno(0); !errors.As(err, &errno) && !errors.Is(err, bolterrors.ErrTimeout) {
			err = fmt.Errorf("%w: %w", errDamaged, err) // neither the system nor another process stood in the way
		}
		return nil, err
	}
	f.db = db
	c = content{}
	err = db.View(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			c[name] = map[string][]byte{}
			b := tx.Bucket([]byte(name))
			if b == nil {
				continue
			}
			err := b.ForEach(func(k, v []byte) error {
				c[name][string(k)] = append([]byte{}, v...)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(classify(err), f.close())
	}
	return c, nil
}

// write makes one transaction of a batch.
func (f *file) write(batch map[key][]byte) (err error) {
	defer f.guard(&err)
	defer faults()()
	err = f.db.Update(func(tx *bolt.Tx) error {
		for k, v := range batch {
			b, err := tx.CreateBucketIfNotExists([]byte(k.bucket))
			switch {
			case err != nil:
				return err
			case v == nil:
				err = b.Delete([]byte(k.name))
			default:
				err = b.Put([]byte(k.name), v)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return classify(fmt.Errorf("store: write: %w", err))
	}
	return nil
}

func (f *file) close() error {
	if f.db == nil {
		return nil
	}
	db := f.db
	f.db, f.fd = nil, nil
	if err := db.Close(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}

// setAside moves a damaged file out of the way; an older one that was is given up.
func (f *file) setAside() error {
	if err := f.close(); err != nil {
		return err
	}
	if err := os.Rename(f.path, f.path+".damaged"); err != nil {
		return fmt.Errorf("store: set aside: %w", err)
	}
	return nil
}

// classify marks the errors by which bbolt tells that an open file is broken.
func classify(err error) error {
	for _, broken := range []error{
		bolterrors.ErrInvalid, bolterrors.ErrInvalidMapping, bolterrors.ErrChecksum, bolterrors.ErrIncompatibleValue,
	} {
		if errors.Is(err, broken) {
			return fmt.Errorf("%w: %w", errDamaged, err)
		}
	}
	return err
}

// guard turns the panics of bbolt over a broken page, and the fault of reading a mapped page that the
// file no longer has, into errDamaged. The database is then beyond closing: its locks may be held. It
// is to be called deferred.
func (f *file) guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errDamaged, p)
		f.db = nil
		if f.fd != nil {
			_ = f.fd.Close() // and with it the lock on the file; nothing more can be done
			f.fd = nil
		}
	}
}

// faults lets a fault in mapped memory panic instead of ending the process, until the function it
// returns is called. It holds for the calling goroutine.
func faults() (restore func()) {
	old := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(old) }
}
