// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"math/rand/v2"
	"strings"
)

// families are family names with their share in percent, rounded.
var families = []struct {
	name  string
	share float64
}{
	{"Nguyễn", 31}, {"Trần", 11}, {"Lê", 9}, {"Phạm", 7}, {"Hoàng", 5}, {"Phan", 4}, {"Vũ", 4}, {"Đặng", 3}, {"Bùi", 3},
	{"Đỗ", 3}, {"Ngô", 3}, {"Hồ", 2}, {"Dương", 2}, {"Lý", 1}, {"Đào", 2}, {"Đinh", 1}, {"Trịnh", 1}, {"Lương", 1},
	{"Mai", 1}, {"Tạ", 1}, {"Chu", 1}, {"Thân", 2}, {"Giáp", 1}, {"Nghiêm", 1},
}

var familyShares = func() []float64 {
	out := make([]float64, len(families))
	for i, f := range families {
		out[i] = f.share
	}
	return out
}()

var (
	maleMiddle   = strings.Fields("Văn Văn Văn Đức Hữu Minh Quang Đình Xuân Công Thành Anh Gia Bảo Tuấn")
	femaleMiddle = strings.Fields("Thị Thị Thị Thị Ngọc Thu Minh Phương Thanh Hồng Bích Kim Mai Khánh Bảo")
	maleGiven    = strings.Fields(`An Anh Bình Chiến Cường Dũng Duy Đạt Đông Đức Hải Hiếu Hòa Hoàng Hùng Huy Khang Khánh Kiên
		Lâm Long Mạnh Minh Nam Nghĩa Phong Phúc Quân Quang Quyết Sơn Tài Tâm Thắng Thành Thịnh Tiến Toàn Trung Tú Tuấn Tùng Việt Vinh`)
	femaleGiven = strings.Fields(`An Anh Ánh Bích Chi Châu Diệp Dung Duyên Giang Hà Hạnh Hằng Hiền Hoa Hòa Hồng Huệ Hương Huyền
		Lan Liên Linh Loan Ly Mai My Nga Ngân Ngọc Nhung Oanh Phương Quyên Quỳnh Tâm Thảo Thanh Thu Thúy Thư Trang Trâm Uyên Vân Xuân Yến`)
)

// fullName makes a name: family, middle, given; one in eight has two middle
// names.
func fullName(r *rand.Rand, family string, female bool) string {
	middle, given := maleMiddle, maleGiven
	if female {
		middle, given = femaleMiddle, femaleGiven
	}
	parts := []string{family, pick(r, middle)}
	if r.IntN(8) == 0 {
		parts = append(parts, pick(r, given))
	}
	last := pick(r, given)
	for last == parts[len(parts)-1] {
		last = pick(r, given)
	}
	return strings.Join(append(parts, last), " ")
}

func family(r *rand.Rand) string { return families[weighted(r, familyShares)].name }
