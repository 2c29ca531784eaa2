// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
)

// routesCmd lists every route with who may open it, one JSON object a line. The
// page tests walk this list, so that no page is forgotten.
type routesCmd struct{ Config }

func (c *routesCmd) Run(ctx context.Context, s Streams) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	out := json.NewEncoder(s.Out)
	for _, r := range a.routes().RouteList() {
		if err = out.Encode(map[string]string{"method": r.Method, "path": r.Path, "who": string(r.Who)}); err != nil {
			break
		}
	}
	return errors.Join(err, a.Close())
}
