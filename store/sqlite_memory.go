// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite "modernc.org/sqlite/lib"
)

// Memory of SQLite's page cache. The allocator it comes with keeps a page of
// 4 KiB with its header in a slot of 8 KiB, touches both halves, and gives what a
// reader forgets back to the kernel, page by page, each time somebody has written.
// Here a page lies in a slot of its own size, and a slot that is free waits for the
// next page. What is not a page is the allocator's as before.

const (
	pageLeast = 4096       // bytes of the smallest allocation that is a page with its header
	pageMost  = 4096 + 304 // its headers take some 280
	pageSlot  = pageMost + sizeHead
	pageChunk = 1 << 20 // asked from the kernel at once
	sizeHead  = 8       // the size stands before what it is of, as SQLite asks for it
)

// slots are those that wait for a page. Safe for concurrent use.
var slots struct {
	mu    sync.Mutex
	free  uintptr // the first of a list: each holds the next
	fresh uintptr // where slots begin that never held a page
	left  int     // of them
	used  int     // slots that hold a page
}

func init() {
	if err := usePages(); err != nil {
		panic(err) // impossible: nothing is opened yet
	}
}

// usePages makes SQLite ask us for memory: before any database is opened.
func usePages() error {
	tls := libc.NewTLS()
	defer tls.Close()
	m := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(sqlite.Tsqlite3_mem_methods{})))
	list := libc.Xmalloc(tls, types.Size_t(unsafe.Sizeof(m)))
	if m == 0 || list == 0 {
		return errors.New("no memory for SQLite")
	}
	defer libc.Xfree(tls, m)
	defer libc.Xfree(tls, list)
	**(**sqlite.Tsqlite3_mem_methods)(unsafe.Pointer(&m)) = sqlite.Tsqlite3_mem_methods{
		FxMalloc: pointer(memMalloc), FxFree: pointer(memFree), FxRealloc: pointer(memRealloc), FxSize: pointer(memSize),
		FxRoundup: pointer(memRoundup), FxInit: pointer(memInit), FxShutdown: pointer(memShutdown),
	}
	if rc := sqlite.Xsqlite3_config(tls, sqlite.SQLITE_CONFIG_MALLOC, libc.VaList(list, m)); rc != sqlite.SQLITE_OK {
		return fmt.Errorf("SQLite took no allocator: code %d", rc)
	}
	return nil
}

// pointer is a function as translated C holds it.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

// word is what stands at an address outside of Go's memory.
func word(p uintptr) *uintptr { return *(**uintptr)(unsafe.Pointer(&p)) }

func isPage(n uintptr) bool { return n >= pageLeast && n <= pageMost }

func memMalloc(tls *libc.TLS, n int32) uintptr {
	var p uintptr
	if isPage(uintptr(n)) {
		p = takePage()
	} else {
		p = libc.Xmalloc(tls, types.Size_t(n+sizeHead))
	}
	if p == 0 {
		return 0
	}
	*word(p) = uintptr(n)
	return p + sizeHead
}

func memFree(tls *libc.TLS, p uintptr) {
	p -= sizeHead
	if !isPage(*word(p)) {
		libc.Xfree(tls, p)
		return
	}
	slots.mu.Lock()
	defer slots.mu.Unlock()
	*word(p), slots.free = slots.free, p
	slots.used--
}

func memRealloc(tls *libc.TLS, p uintptr, n int32) uintptr {
	had := *word(p - sizeHead)
	if !isPage(had) && !isPage(uintptr(n)) {
		if p = libc.Xrealloc(tls, p-sizeHead, types.Size_t(n+sizeHead)); p == 0 {
			return 0
		}
		*word(p) = uintptr(n)
		return p + sizeHead
	}
	to := memMalloc(tls, n)
	if to != 0 {
		libc.Xmemcpy(tls, to, p, types.Size_t(min(had, uintptr(n))))
		memFree(tls, p)
	}
	return to
}

func memSize(_ *libc.TLS, p uintptr) int32 {
	if p == 0 {
		return 0
	}
	return int32(*word(p - sizeHead))
}

func memRoundup(_ *libc.TLS, n int32) int32 { return (n + 7) &^ 7 }
func memInit(_ *libc.TLS, _ uintptr) int32  { return sqlite.SQLITE_OK }
func memShutdown(_ *libc.TLS, _ uintptr)    {}

// takePage returns a slot; 0 when the kernel has no memory.
func takePage() uintptr {
	slots.mu.Lock()
	defer slots.mu.Unlock()
	if p := slots.free; p != 0 {
		slots.free = *word(p)
		slots.used++
		return p
	}
	if slots.left == 0 {
		chunk, err := syscall.Mmap(-1, 0, pageChunk, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return 0
		}
		slots.fresh, slots.left = uintptr(unsafe.Pointer(&chunk[0])), pageChunk/pageSlot
	}
	p := slots.fresh
	slots.fresh, slots.left = p+pageSlot, slots.left-1
	slots.used++
	return p
}
