// SPDX-License-Identifier: Apache-2.0

package content

import "testing"

func TestExchangeNames(t *testing.T) {
	e := ExchangeNames()
	if e.Element("measles") != "measles" || e.DeathsOf("measles") != "measles-deaths" || e.DataSet == "" || e.Dimension == "" {
		t.Errorf("%+v", e)
	}
	e.Elements = map[string]string{"measles": "B05x"}
	if e.Element("measles") != "B05x" || e.DeathsOf("measles") != "B05x-deaths" {
		t.Errorf("a name of the ministry is not taken: %s, %s", e.Element("measles"), e.DeathsOf("measles"))
	}
}
