// SPDX-License-Identifier: Apache-2.0

package content

import (
	"cmp"
	"fmt"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

// Exchange is how counts of cases are named to other systems.
type Exchange struct {
	DataSet   string            `toml:"data_set"`
	Dimension string            `toml:"class_dimension"`
	Elements  map[string]string `toml:"elements"` // by disease
	Deaths    struct {
		Suffix string `toml:"suffix"`
	} `toml:"deaths"`
}

// Element is the data element of the cases of a disease.
func (e Exchange) Element(disease string) string { return cmp.Or(e.Elements[disease], disease) }

// DeathsOf is the data element of the deaths among them.
func (e Exchange) DeathsOf(disease string) string { return e.Element(disease) + e.Deaths.Suffix }

var exchange = sync.OnceValue(func() Exchange { return must(loadExchange(diseases())) })

// ExchangeNames returns the names of our counts in other systems.
func ExchangeNames() Exchange { return exchange() }

func loadExchange(known *DiseaseList) (Exchange, error) {
	var e Exchange
	b, err := surveillanceFiles.ReadFile("surveillance/exchange.toml")
	if err != nil {
		return e, err
	}
	if err := toml.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("names for exchange: %w", err)
	}
	for id := range e.Elements {
		if _, ok := known.ByID(id); !ok {
			return e, fmt.Errorf("names for exchange: no disease %q", id)
		}
	}
	if e.DataSet == "" || e.Dimension == "" || e.Deaths.Suffix == "" {
		return e, fmt.Errorf("names for exchange: data_set, class_dimension and deaths.suffix must be there")
	}
	return e, nil
}
