// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// decisions says of each edge on which the sources differ whether we take it.
type decisions struct {
	take map[[2]string]row // by old and new code
	olds map[string]bool
	used map[[2]string]bool
}

func readDecisions(folder string) (decisions, error) {
	d := decisions{map[[2]string]row{}, map[string]bool{}, map[[2]string]bool{}}
	rows, err := readTable(folder, "decisions.csv")
	for _, r := range rows {
		d.take[[2]string{r["old"], r["new"]}] = r
		d.olds[r["old"]] = true
	}
	return d, err
}

// words are the letters for source a's word about an edge.
var words = map[string]string{
	"merged": "m", "province_changed": "p", "ambiguous": "s", "split_population": "s",
	"unchanged": "u", "renamed": "r", "": "-",
}

// codes that a source wrote for a unit whose own code is another (aliases.tsv).
var own = map[string]string{"06970": "06978"}

// edge writes an edge of the lineage table; empty when it is another one's double.
func (d decisions) edge(e row) (string, error) {
	word, ok := words[e["kind_in_a"]]
	if !ok {
		return "", fmt.Errorf("edge %s → %s: unknown word %q", e["old_code"], e["new_code"], e["kind_in_a"])
	}
	to := e["new_code"]
	if o, ok := own[to]; ok {
		to = o
	}
	people := e["kind_in_a"] == "split_population"
	refused := false
	sources := e["sources"]
	key := [2]string{e["old_code"], e["new_code"]}
	decision, decided := d.take[key]
	if decided {
		d.used[key] = true
		if decision["source"] != sources {
			return "", fmt.Errorf("edge %v: sources are %s, the decision says %s", key, sources, decision["source"])
		}
		switch decision["take"] {
		case "yes":
		case "people":
			people = true
		case "no":
			refused, people = true, false
		case "alias":
			return "", nil
		default:
			return "", fmt.Errorf("edge %v: what is %q?", key, decision["take"])
		}
	}
	if !decided && (sources != "ab" || d.olds[e["old_code"]]) {
		return "", fmt.Errorf("edge %v: the sources differ and nobody decided", key)
	}
	return write(to, word, people, refused, sources), nil
}

func write(to, word string, people, refused bool, sources string) string {
	var b strings.Builder
	b.WriteString(to + word)
	if people {
		b.WriteByte('*')
	}
	if refused {
		b.WriteByte('!')
	}
	if sources != "ab" {
		b.WriteString("/" + sources)
	}
	return b.String()
}

// ours adds the edges that no source has (source d).
func (d decisions) ours(edges map[string][]string) {
	for key, r := range d.take {
		if r["source"] == "d" {
			edges[key[0]] = append(edges[key[0]], write(key[1], "-", false, false, "d"))
			d.used[key] = true
		}
	}
}

// done reports a decision about an edge that is not in the table.
func (d decisions) done() error {
	for key := range d.take {
		if !d.used[key] {
			return fmt.Errorf("decision about %v, which is no edge", key)
		}
	}
	return nil
}
