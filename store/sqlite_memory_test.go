// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"unsafe"

	"modernc.org/libc"
)

// What SQLite wrote into memory stands there until it gives it back or asks for
// another size: then as much of it as fits.
func TestSQLiteMemory(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	text := func(p uintptr, n int) []byte {
		return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n)
	}
	sizes := []int{8, 64, 1200, pageLeast - 8, pageLeast, pageLeast + 256, pageMost, pageMost + 8, 70_000}
	type held struct {
		p    uintptr
		n    int
		mark byte
	}
	var all []held
	draw := rand.New(rand.NewPCG(1, 2))
	holds := func(h held, n int) {
		t.Helper()
		for _, b := range text(h.p, n) {
			if b != h.mark {
				t.Fatalf("%d bytes marked %d hold %d", h.n, h.mark, b)
			}
		}
	}
	fill := func(h held) {
		for i := range text(h.p, h.n) {
			text(h.p, h.n)[i] = h.mark
		}
	}
	for step := range 20_000 {
		switch i := draw.IntN(len(all) + 1); {
		case i == len(all) || len(all) < 50:
			h := held{n: sizes[draw.IntN(len(sizes))], mark: byte(step)}
			if h.p = memMalloc(tls, int32(h.n)); h.p == 0 || h.p%8 != 0 || memSize(tls, h.p) < int32(h.n) {
				t.Fatalf("%d bytes at %x, size %d", h.n, h.p, memSize(tls, h.p))
			}
			fill(h)
			all = append(all, h)
		case step%3 == 0:
			h := all[i]
			holds(h, h.n)
			n := sizes[draw.IntN(len(sizes))]
			if h.p = memRealloc(tls, h.p, int32(n)); h.p == 0 {
				t.Fatalf("no %d bytes", n)
			}
			holds(h, min(n, h.n))
			h.n = n
			fill(h)
			all[i] = h
		default:
			holds(all[i], all[i].n)
			memFree(tls, all[i].p)
			all[i] = all[len(all)-1]
			all = all[:len(all)-1]
		}
	}
	for _, h := range all {
		holds(h, h.n)
		memFree(tls, h.p)
	}
}

// The pages of a database lie in slots, whatever SQLite's headers take by now.
func TestSQLitePagesLieInSlots(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "pages.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	used := func() int {
		slots.mu.Lock()
		defer slots.mu.Unlock()
		return slots.used
	}
	if _, err := db.Exec(`create table t (x blob)`); err != nil {
		t.Fatal(err)
	}
	before := used()
	if _, err := db.Exec(`insert into t values (zeroblob(400000))`); err != nil { // a hundred pages
		t.Fatal(err)
	}
	if n := used() - before; n < 80 {
		t.Errorf("a hundred pages took %d slots", n)
	}
}

// A page that was given back is the next that is given: the kernel is not asked.
func TestSQLitePagesAreUsedAgain(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	p := memMalloc(tls, pageMost)
	memFree(tls, p)
	if again := memMalloc(tls, pageLeast); again != p {
		t.Errorf("page at %x after one at %x was free", again, p)
	} else {
		memFree(tls, again)
	}
}
