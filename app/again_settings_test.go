// SPDX-License-Identifier: Apache-2.0

package app

import (
	"time"

	"mach/vn"
)

// settings proposes settings of detection, and approves them as somebody else.
func (s *sender) settings() {
	from := (vn.DateOf(time.Now()) + 3).String()
	s.send("cdc", "/dich/cai-dat/{disease}", []string{"mumps"}, "alpha-commune", "1", "alpha-above", "2", "from", from, "words", "Báo sớm hơn trong mùa")
	s.settle()
	id := s.taken("so", "/dich/cai-dat", `/dich/cai-dat/mumps/([^"/]+)"`)
	s.send("so", "/dich/cai-dat/{disease}/{setting}", []string{"mumps", id}, "decision", "approved", "words", "Đồng ý")
}
