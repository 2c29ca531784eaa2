// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

// grant is a right that somebody gave on a table or SQL view of PostgreSQL, to
// ask by SQL (docs/runbook.md), as the statement that gives it.
type grant struct{ relation, statement string }

// granted reads the rights in the schema of the views, but for those of the owner.
// A view that is made anew would lose them: it is another relation of the same
// name. nil on SQLite, which has none.
func granted(ctx context.Context, tx *connTx) ([]grant, error) {
	if !tx.pg {
		return nil, nil
	}
	var out []grant
	err := tx.Rows(ctx, `
		select c.relname, format('grant %s on %I.%I to %s%s', a.privilege_type, n.nspname, c.relname,
		       case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
		       case when a.is_grantable then ' with grant option' else '' end)
		  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
		 where n.nspname = 'views' and c.relkind in ('r', 'v') and a.grantee <> c.relowner order by 1, 2`, nil,
		func(scan func(...any) error) error {
			var g grant
			err := scan(&g.relation, &g.statement)
			out = append(out, g)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("rights on the views: %w", err)
	}
	return out, nil
}

// grantAgain gives the rights again on what is there still.
func grantAgain(ctx context.Context, tx *connTx, list []grant) error {
	for _, g := range list {
		there, err := tx.Row(ctx, []any{new(int)}, `select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'views' and c.relname = ?`, g.relation)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		if err := tx.Exec(ctx, g.statement); err != nil {
			return fmt.Errorf("right on %s: %w", g.relation, err)
		}
	}
	return nil
}
