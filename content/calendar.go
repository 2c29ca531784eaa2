// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"

	"mach/vn"
)

//go:embed holidays.csv
var holidays embed.FS

// Holidays returns the public holidays and make-up days of 2021–2027 in order
// of date. They are data and change by the government's yearly notice: those
// whose document we could not read are Unverified, and those of 2027 are our
// reading of the Labour Code. Key is the last part of a message holiday.KEY.
func Holidays() ([]vn.Holiday, error) {
	rows, err := readTable(holidays, "holidays.csv", "date", "key", "work", "source", "verified")
	if err != nil {
		return nil, err
	}
	list := make([]vn.Holiday, 0, len(rows))
	for _, r := range rows {
		d, err := vn.ParseDate(r[0])
		if err != nil {
			return nil, fmt.Errorf("holidays.csv: %q: %w", r[0], err)
		}
		list = append(list, vn.Holiday{Date: d, Key: r[1], Working: r[2] == "1", Source: r[3], Unverified: r[4] != "1"})
	}
	return list, nil
}

// Calendar returns the working days of Viet Nam; see Holidays.
func Calendar() (*vn.Calendar, error) {
	list, err := Holidays()
	if err != nil {
		return nil, err
	}
	return vn.NewCalendar(list), nil
}
