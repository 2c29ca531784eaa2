// SPDX-License-Identifier: Apache-2.0

package content

import (
	"mach/issue"
	"mach/vn"
)

// region reads a row of regions.tsv: code, institute, province of today, first
// day, day after the last, verified, where it is from.
func (t *unitTables) region(f []string) *cellError {
	if err := wide(f, 7); err != nil {
		return err
	}
	m := vn.RegionMember{Region: f[0], Name: f[1], From: vn.ZeroDate, To: vn.ZeroDate}
	generation := vn.SinceReform
	if t.whole[f[2]] {
		generation = vn.BeforeReform
	}
	if m.Province = vn.MakeUnitID(generation, vn.LevelProvince, f[2]); !t.there[m.Province] {
		return cell(3, issue.CodeInvalid, "content.units.code", f[2])
	}
	for i, to := range []*vn.Date{&m.From, &m.To} {
		if f[3+i] == "" {
			continue
		}
		var err error
		if *to, err = vn.ParseDate(f[3+i]); err != nil {
			return cell(4+i, issue.Value, "content.units.number", f[3+i])
		}
	}
	if m.Name == "" {
		return cell(2, issue.Required, "content.units.name")
	}
	t.Regions = append(t.Regions, m)
	return nil
}
