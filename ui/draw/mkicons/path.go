package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

type point struct{ x, y float64 }

// matrix is an affine map: x' = a*x + c*y + e, y' = b*x + d*y + f.
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) apply(p point) point { return point{m.a*p.x + m.c*p.y + m.e, m.b*p.x + m.d*p.y + m.f} }

func (m matrix) mul(n matrix) matrix {
	return matrix{m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b, m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d,
		m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f}
}

// parseTransform understands translate, scale and rotate, from left to right (SVG 1.1 §7.6).
func parseTransform(s string) (matrix, error) {
	m := matrix{a: 1, d: 1}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		name, rest, ok := strings.Cut(s, "(")
		args, after, closed := strings.Cut(rest, ")")
		if !ok || !closed {
			return m, fmt.Errorf("transform %q is cut short", s)
		}
		var v []float64
		for _, f := range strings.Fields(strings.ReplaceAll(args, ",", " ")) {
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return m, err
			}
			v = append(v, n)
		}
		switch {
		case name == "translate" && len(v) == 2:
			m = m.mul(matrix{1, 0, 0, 1, v[0], v[1]})
		case name == "scale" && len(v) == 1:
			m = m.mul(matrix{v[0], 0, 0, v[0], 0, 0})
		case name == "rotate" && len(v) == 1:
			m = m.mul(rotation(v[0]))
		case name == "rotate" && len(v) == 3:
			m = m.mul(matrix{1, 0, 0, 1, v[1], v[2]}).mul(rotation(v[0])).mul(matrix{1, 0, 0, 1, -v[1], -v[2]})
		default:
			return m, fmt.Errorf("transform %s of %d numbers is not understood", name, len(v))
		}
		s = after
	}
	return m, nil
}

func rotation(degrees float64) matrix {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return matrix{cos, sin, -sin, cos, 0, 0}
}

func hundredths(v float64) int { return int(math.Round(v * 100)) }

// chord is the greatest distance of a flattened line from its curve, in units of the grid.
const chord = 0.02

// flattener walks a path and collects its polylines.
type flattener struct {
	turn  matrix
	lines [][]point
	at    point // the current point, before turn
	start point
}

func (f *flattener) add(p point) {
	last := len(f.lines) - 1
	f.lines[last] = append(f.lines[last], f.turn.apply(p))
	f.at = p
}

// flatten takes the commands M L H V C A Z in absolute coordinates, which is all the icons use.
func flatten(d string, turn matrix) ([][]point, error) {
	f := &flattener{turn: turn}
	tokens := tokenize(d)
	for len(tokens) > 0 {
		command := tokens[0]
		tokens = tokens[1:]
		need := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "A": 7, "Z": 0}
		n, ok := need[command]
		if !ok {
			return nil, fmt.Errorf("path command %q is not understood", command)
		}
		for first := true; first || n > 0 && len(tokens) > 0 && !isCommand(tokens[0]); first = false {
			if len(tokens) < n {
				return nil, fmt.Errorf("path command %s wants %d numbers", command, n)
			}
			v := make([]float64, n)
			for i := range v {
				var err error
				if v[i], err = strconv.ParseFloat(tokens[i], 64); err != nil {
					return nil, err
				}
			}
			tokens = tokens[n:]
			f.command(command, v)
		}
	}
	return f.lines, nil
}

func (f *flattener) command(command string, v []float64) {
	switch command {
	case "M":
		f.lines = append(f.lines, nil)
		f.start = point{v[0], v[1]}
		f.add(f.start)
	case "L":
		f.add(point{v[0], v[1]})
	case "H":
		f.add(point{v[0], f.at.y})
	case "V":
		f.add(point{f.at.x, v[0]})
	case "C":
		f.cubic(f.at, point{v[0], v[1]}, point{v[2], v[3]}, point{v[4], v[5]})
	case "A":
		f.arc(v[0], v[1], v[3] != 0, v[4] != 0, point{v[5], v[6]})
	case "Z":
		f.add(f.start)
	}
}

func (f *flattener) cubic(p0, p1, p2, p3 point) {
	length := math.Hypot(p1.x-p0.x, p1.y-p0.y) + math.Hypot(p2.x-p1.x, p2.y-p1.y) + math.Hypot(p3.x-p2.x, p3.y-p2.y)
	n := max(2, int(math.Ceil(math.Sqrt(length)/math.Sqrt(8*chord))))
	for i := 1; i <= n; i++ {
		t := float64(i) / float64(n)
		u := 1 - t
		f.add(point{u*u*u*p0.x + 3*u*u*t*p1.x + 3*u*t*t*p2.x + t*t*t*p3.x, u*u*u*p0.y + 3*u*u*t*p1.y + 3*u*t*t*p2.y + t*t*t*p3.y})
	}
}

// arc follows SVG 1.1 appendix F.6.5 for radii that reach and no turned axes.
func (f *flattener) arc(rx, ry float64, large, sweep bool, to point) {
	from := f.at
	dx, dy := (from.x-to.x)/2, (from.y-to.y)/2
	if lambda := dx*dx/(rx*rx) + dy*dy/(ry*ry); lambda > 1 {
		rx, ry = rx*math.Sqrt(lambda), ry*math.Sqrt(lambda)
	}
	root := math.Sqrt(max(0, (rx*rx*ry*ry-rx*rx*dy*dy-ry*ry*dx*dx)/(rx*rx*dy*dy+ry*ry*dx*dx)))
	if large == sweep {
		root = -root
	}
	cx, cy := root*rx*dy/ry, -root*ry*dx/rx
	start := math.Atan2((dy-cy)/ry, (dx-cx)/rx)
	delta := math.Atan2((-dy-cy)/ry, (-dx-cx)/rx) - start
	if sweep && delta < 0 {
		delta += 2 * math.Pi
	}
	if !sweep && delta > 0 {
		delta -= 2 * math.Pi
	}
	mx, my := cx+(from.x+to.x)/2, cy+(from.y+to.y)/2
	step := 2 * math.Acos(max(0, 1-chord/max(rx, ry)))
	n := max(2, int(math.Ceil(math.Abs(delta)/step)))
	for i := 1; i < n; i++ {
		sin, cos := math.Sincos(start + delta*float64(i)/float64(n))
		f.add(point{mx + rx*cos, my + ry*sin})
	}
	f.add(to)
}

func isCommand(token string) bool { return len(token) == 1 && strings.Contains("MLHVCAZ", token) }

// tokenize splits a path into commands and numbers; ".5.5" is two numbers, "1-2" too.
func tokenize(d string) []string {
	var tokens []string
	number := ""
	flush := func() {
		if number != "" {
			tokens = append(tokens, number)
			number = ""
		}
	}
	for _, r := range d {
		switch {
		case r == ' ' || r == ',':
			flush()
		case r >= 'A' && r <= 'Z':
			flush()
			tokens = append(tokens, string(r))
		case r == '-' || r == '.' && strings.Contains(number, "."):
			flush()
			number = string(r)
		default:
			number += string(r)
		}
	}
	flush()
	return tokens
}
