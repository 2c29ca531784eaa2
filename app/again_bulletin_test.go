// SPDX-License-Identifier: Apache-2.0

package app

import (
	"regexp"
	"strings"
	"time"

	"mach/vn"
)

// forecasts loads a forecast from outside and takes it off again.
func (s *sender) forecasts() {
	today := vn.DateOf(time.Now())
	province, ok := s.app.Units.ByCode(province, today)
	if !ok {
		s.Fatal("no province")
	}
	text := "unit,disease,week,value,lower,upper,source,made_on\n" +
		strings.Join([]string{province.Code, "dengue", vn.WeekOf(today).Add(1).String(), "12", "8", "20", "D-MOSS", today.String()}, ",")
	s.send("cdc", "/dich/du-bao", nil, "text", text)
	id := s.taken("cdc", "/dich/du-bao", `/dich/du-bao/([^"/]+)/bo`)
	s.send("cdc", "/dich/du-bao/{file}/bo", []string{id})
}

// taken is what the expression finds on a page.
func (s *sender) taken(login, path, expr string) string {
	s.Helper()
	found := regexp.MustCompile(expr).FindStringSubmatch(s.get(s.users[login], path).Body.String())
	if found == nil {
		s.Fatalf("%s holds no %s", path, expr)
	}
	return found[1]
}
