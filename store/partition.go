// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// partitionArea is under what name the table of migrations remembers that, and
// into how many, the tables were partitioned. A restore does it again.
const partitionArea, partitionName = "partition", "hash_of_t"

// partitioned are the tables that grow with the people.
var partitioned = []string{"res", "ver", "ih", "istr", "ir", "ic", "relation"}

// partitions is the SQL that makes n partitions by hash of t of each empty table.
func partitions(n int) string {
	var b strings.Builder
	for _, t := range partitioned {
		fmt.Fprintf(&b, "alter table %[1]s rename to %[1]s_whole;\ncreate table %[1]s (like %[1]s_whole including all) partition by hash (t);\n", t)
		for i := range n {
			fmt.Fprintf(&b, "create table %[1]s_%[2]d partition of %[1]s for values with (modulus %[3]d, remainder %[2]d);\n", t, i, n)
		}
		fmt.Fprintf(&b, "drop table %s_whole;\n", t)
	}
	return b.String()
}

// partition does so at the first start on a database.
func (s *Store) partition(ctx context.Context) error {
	n := s.cfg.Partitions
	if n < 2 || n > shards {
		return fmt.Errorf("%d partitions: there may be 2 to %d", n, shards)
	}
	return s.read.in(ctx, func(tx *connTx) error {
		var one int
		done, err := tx.Row(ctx, []any{&one}, `select 1 from migration where area = ? and name = ?`, partitionArea, partitionName)
		if err != nil {
			return err
		}
		if !done {
			if used, err := tx.Row(ctx, []any{&one}, `select 1 from res limit 1`); err != nil || used {
				return errors.Join(err, errors.New("the tables hold data already: restore a backup into an empty database with as many partitions"))
			}
		}
		if err := migrateStep(ctx, tx, partitionArea, partitionName, []byte(partitions(n))); err != nil {
			return fmt.Errorf("partitions, whose number is settled at the first start: %w", err)
		}
		return nil
	})
}
