module mach/tools/units

go 1.26.0

require mach v0.0.0

require golang.org/x/text v0.43.0 // indirect

replace mach => ../..
