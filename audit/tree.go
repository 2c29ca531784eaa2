// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// height is that of a tile: 2^8 hashes.
const height = 8

// TileWidth is the number of hashes in a full tile.
const TileWidth = 1 << height

// A Tile is a row of up to [TileWidth] hashes of the tree, 32 bytes each.
// Level 0 holds the hashes of the rows, level 1 one hash for each full tile of
// level 0, and so on. A later, longer tile of the same place replaces it.
type Tile struct {
	Level  int64
	N      int64
	Hashes []byte
}

// Tiles returns the stored hashes of a tile, as long as they are known; nil
// when there is none.
type Tiles func(level, n int64) ([]byte, error)

// Tree is the state of the log after Size rows.
type Tree struct {
	Size int64
	Hash [32]byte
}

// Grow returns the tree after rows, which follow row size in order, and the
// tiles to store with it. It fails when a row has another number than expected.
func Grow(size int64, rows []Row, tiles Tiles) (Tree, []Tile, error) {
	fresh := map[int64]tlog.Hash{}
	old := stored(size, tiles)
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			if h, ok := fresh[at]; ok {
				hashes[i] = h
				continue
			}
			h, err := old(at)
			if err != nil {
				return nil, err
			}
			hashes[i] = h
		}
		return hashes, nil
	})
	n := size
	for _, row := range rows {
		if row.Seq != n+1 {
			return Tree{}, nil, fmt.Errorf("row %d where %d is expected", row.Seq, n+1)
		}
		hashes, err := tlog.StoredHashes(n, row.Canonical(), read)
		if err != nil {
			return Tree{}, nil, fmt.Errorf("hashing row %d: %w", row.Seq, err)
		}
		for i, h := range hashes {
			fresh[tlog.StoredHashIndex(0, n)+int64(i)] = h
		}
		n++
	}
	root, err := tlog.TreeHash(n, read)
	if err != nil {
		return Tree{}, nil, fmt.Errorf("hashing the tree of %d rows: %w", n, err)
	}
	var out []Tile
	for _, t := range tlog.NewTiles(height, size, n) {
		data, err := tlog.ReadTileData(t, read)
		if err != nil {
			return Tree{}, nil, fmt.Errorf("reading a tile: %w", err)
		}
		out = append(out, Tile{int64(t.L), t.N, data})
	}
	return Tree{n, root}, out, nil
}

// stored reads single hashes out of the tiles of a tree of the given size.
func stored(size int64, tiles Tiles) func(index int64) (tlog.Hash, error) {
	type place struct{ level, n int64 }
	kept := map[place][]byte{}
	return func(index int64) (tlog.Hash, error) {
		t := tlog.TileForIndex(height, index)
		at := place{int64(t.L), t.N}
		data, ok := kept[at]
		if !ok {
			var err error
			if data, err = tiles(at.level, at.n); err != nil {
				return tlog.Hash{}, err
			}
			kept[at] = data
		}
		if len(data) == 0 || len(data)%tlog.HashSize != 0 {
			return tlog.Hash{}, fmt.Errorf("tile %d/%d of the audit tree is missing (size %d)", at.level, at.n, size)
		}
		t.W = len(data) / tlog.HashSize
		return tlog.HashFromTile(t, data, index)
	}
}

// Finding is what a [Checker] has to say.
type Finding struct {
	OK bool
	// Row is the first row that is not what was sealed; 0 = none can be named.
	Row int64
	// Detail says it in words, for operators.
	Detail string
	// Sealed rows are covered by a checkpoint, Tail rows are not yet.
	Sealed, Tail int64
}

// Checker recomputes the tree from the rows, one after the other in order.
type Checker struct {
	tiles       Tiles
	leaf        []byte // the level-0 tile at hand
	checkpoints []Tree // by size
	next        int    // the checkpoint to meet next
	size        int64
	proven      int64 // size of the last checkpoint that fits
	frontier    []tlog.Hash
	found       *Finding
}

// NewChecker begins a check against the stored tiles and the trees of the
// verified checkpoints, in order of size.
func NewChecker(tiles Tiles, checkpoints []Tree) *Checker {
	return &Checker{tiles: tiles, checkpoints: checkpoints}
}

// Add takes the next row. It returns an error only when tiles cannot be read.
func (c *Checker) Add(row Row) error {
	if c.found != nil {
		return nil
	}
	sealed := c.sealed()
	if row.Seq != c.size+1 {
		c.fail(c.size+1, "row %d is missing", c.size+1)
		return nil
	}
	h := tlog.RecordHash(row.Canonical())
	if c.size < sealed {
		if err := c.leafFits(h); err != nil || c.found != nil {
			return err
		}
	}
	c.push(h)
	for c.next < len(c.checkpoints) && c.checkpoints[c.next].Size == c.size {
		if c.root() != tlog.Hash(c.checkpoints[c.next].Hash) {
			c.fail(c.proven+1, "rows %d to %d do not give the tree that was signed", c.proven+1, c.size)
			return nil
		}
		c.proven = c.size
		c.next++
	}
	return nil
}

func (c *Checker) sealed() int64 {
	if len(c.checkpoints) == 0 {
		return 0
	}
	return c.checkpoints[len(c.checkpoints)-1].Size
}

// leafFits compares a row's hash with the tile that holds it.
func (c *Checker) leafFits(h tlog.Hash) error {
	at := c.size % TileWidth
	if at == 0 || c.leaf == nil {
		var err error
		if c.leaf, err = c.tiles(0, c.size/TileWidth); err != nil {
			return err
		}
	}
	from := at * tlog.HashSize
	if int64(len(c.leaf)) < from+tlog.HashSize {
		c.fail(c.size+1, "the tile of row %d is missing", c.size+1)
		return nil
	}
	if tlog.Hash(c.leaf[from:from+tlog.HashSize]) != h {
		c.fail(c.size+1, "row %d was altered", c.size+1)
	}
	return nil
}

// push adds a leaf to the frontier: the roots of the full subtrees, largest
// first, as the bits of size say.
func (c *Checker) push(h tlog.Hash) {
	for n := c.size; n&1 == 1; n >>= 1 {
		last := len(c.frontier) - 1
		h = tlog.NodeHash(c.frontier[last], h)
		c.frontier = c.frontier[:last]
	}
	c.frontier = append(c.frontier, h)
	c.size++
}

func (c *Checker) root() tlog.Hash {
	h := c.frontier[len(c.frontier)-1]
	for i := len(c.frontier) - 2; i >= 0; i-- {
		h = tlog.NodeHash(c.frontier[i], h)
	}
	return h
}

func (c *Checker) fail(row int64, format string, args ...any) {
	c.found = &Finding{Row: row, Detail: fmt.Sprintf(format, args...)}
}

// Finding ends the check.
func (c *Checker) Finding() Finding {
	sealed := c.sealed()
	if c.found == nil && c.size < sealed {
		c.fail(c.size+1, "rows %d to %d are missing", c.size+1, sealed)
	}
	if c.found == nil && c.next < len(c.checkpoints) {
		c.fail(0, "a checkpoint of %d rows was never met", c.checkpoints[c.next].Size)
	}
	if c.found != nil {
		c.found.Sealed = sealed
		return *c.found
	}
	return Finding{OK: true, Sealed: sealed, Tail: c.size - sealed,
		Detail: fmt.Sprintf("%d rows sealed, %d in the unsealed tail", sealed, c.size-sealed)}
}

var errSize = errors.New("a checkpoint of no rows")
