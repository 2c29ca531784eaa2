// SPDX-License-Identifier: Apache-2.0

package access

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/pelletier/go-toml/v2"

	"mach/store"
)

// role is one table of roles.toml.
type role struct {
	name    store.Role
	Circles []string `toml:"circles"`
	Reads   []string `toml:"reads"`
	Writes  []string `toml:"writes"`
	Labels  []string `toml:"labels"`
}

// load reads roles.toml, parts.toml, crowd.toml and *.cedar. Whatever names something that
// does not exist is an error: a slip of the pen must not open or close a door
// silently.
func (p *Policy) load(dir fs.FS) error {
	roles, parts := map[store.Role]role{}, map[string][]string{}
	if err := errors.Join(readTOML(dir, "roles.toml", &roles), readTOML(dir, "parts.toml", &parts), readTOML(dir, "crowd.toml", &p.crowd)); err != nil {
		return err
	}
	if err := p.crowd.check(roles); err != nil {
		return err
	}
	p.roles, p.types, p.entities, p.common = roles, map[string]bool{}, types.EntityMap{}, map[string]bool{}
	for _, part := range []string{"directory", "definitions", "stock", "subscriptions"} {
		for _, typ := range parts[part] {
			p.common[typ] = true
		}
	}
	if err := p.addParts(parts); err != nil {
		return err
	}
	if err := p.addRoles(roles, parts); err != nil {
		return err
	}
	p.addActions()
	return p.addPolicies(dir)
}

func readTOML(dir fs.FS, name string, into any) error {
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (p *Policy) addParts(parts map[string][]string) error {
	of := map[string][]string{}
	for part, list := range parts {
		p.entity("Part", part, nil, nil)
		for _, typ := range list {
			of[typ] = append(of[typ], part)
		}
	}
	for typ, in := range of {
		p.types[typ] = true
		p.entity("Type", typ, uids("Part", in), nil)
	}
	if len(of) == 0 {
		return errors.New("parts.toml is empty")
	}
	return nil
}

func (p *Policy) addRoles(roles map[store.Role]role, parts map[string][]string) error {
	for name, r := range roles {
		for _, part := range slices.Concat(r.Reads, r.Writes) {
			if _, ok := parts[part]; !ok {
				return fmt.Errorf("roles.toml: %s: no part %q", name, part)
			}
		}
		for _, l := range r.Labels {
			if !slices.Contains(sensitivities[:len(sensitivities)-1], l) {
				return fmt.Errorf("roles.toml: %s: no label %q", name, l)
			}
		}
		r.name = name
		roles[name] = r
		for _, c := range r.Circles {
			p.entity("Circle", c, nil, nil)
		}
		p.entity("Role", string(name), uids("Circle", r.Circles), types.RecordMap{
			"reads":  entitySet("Part", r.Reads),
			"writes": entitySet("Part", r.Writes),
			"labels": stringSet(r.Labels),
		})
	}
	return nil
}

// addActions mirrors the action hierarchy of the schema, which the engine
// needs as entities.
func (p *Policy) addActions() {
	p.entity("Action", "see", nil, nil)
	p.entity("Action", "write", nil, nil)
	for _, a := range []store.Action{store.ActRead, store.ActSearch} {
		p.entity("Action", string(a), uids("Action", []string{"see"}), nil)
	}
	for _, a := range []store.Action{store.ActCreate, store.ActUpdate} {
		p.entity("Action", string(a), uids("Action", []string{"write"}), nil)
	}
}

func (p *Policy) addPolicies(dir fs.FS) error {
	files, err := fs.Glob(dir, "*.cedar")
	if err != nil {
		return err
	}
	slices.Sort(files)
	seen := map[string]bool{}
	for _, name := range files {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		list, err := cedar.NewPolicyListFromBytes(name, b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, one := range list {
			id := string(one.Annotations()["id"])
			if id == "" || seen[id] {
				return fmt.Errorf("%s: a policy without an @id of its own (%q)", name, id)
			}
			seen[id] = true
			head := *one.AST()
			head.Conditions = nil
			p.policies = append(p.policies, policy{id, only(cedar.NewPolicyFromAST(&head)), only(one)})
		}
	}
	if len(p.policies) == 0 {
		return errors.New("no *.cedar files")
	}
	return nil
}

// only is the set of one policy.
func only(one *cedar.Policy) *cedar.PolicySet {
	set := cedar.NewPolicySet()
	set.Add("", one)
	return set
}

func (p *Policy) entity(typ types.EntityType, id string, parents []types.EntityUID, attrs types.RecordMap) {
	uid := types.NewEntityUID(typ, types.String(id))
	p.entities[uid] = types.Entity{UID: uid, Parents: types.NewEntityUIDSet(parents...), Attributes: types.NewRecord(attrs)}
}

func uids(typ types.EntityType, ids []string) []types.EntityUID {
	out := make([]types.EntityUID, len(ids))
	for i, id := range ids {
		out[i] = types.NewEntityUID(typ, types.String(id))
	}
	return out
}

func entitySet(typ types.EntityType, ids []string) types.Set {
	var out []types.Value
	for _, uid := range uids(typ, ids) {
		out = append(out, uid)
	}
	return types.NewSet(out...)
}

func stringSet(ss []string) types.Set {
	var out []types.Value
	for _, s := range ss {
		out = append(out, types.String(s))
	}
	return types.NewSet(out...)
}
