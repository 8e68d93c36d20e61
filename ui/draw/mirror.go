package draw

import "image"

// turn takes places of a picture that was thought from left to right to where they are for people who read from right to
// left: mirrored about an axis. What must not be mirrored (the line keys' tiles, whatever shows time running, keys to type
// with) is only moved to where its mirror image would be.
type turn struct {
	on    bool
	axis  int // left edge plus right edge of what is mirrored in itself
	fixed bool
	shift int // of what is fixed
}

// Mirror says that what is drawn from here on is mirrored between two edges.
func (s *Scene) Mirror(x0, x1 int) { s.turn = turn{on: true, axis: x0 + x1} }

// Within mirrors what f draws between two other edges, if anything is mirrored.
func (s *Scene) Within(x0, x1 int, f func()) {
	was := s.turn
	s.turn.axis = x0 + x1
	f()
	s.turn = was
}

// Move changes the edges between which is mirrored from here on, if anything is.
func (s *Scene) Move(x0, x1 int) { s.turn.axis = x0 + x1 }

// Upright leaves what f draws between two edges as it is, and puts it where its mirror image would be.
func (s *Scene) Upright(x0, x1 int, f func()) {
	was := s.turn
	if s.turn.mirrors() {
		s.turn.fixed, s.turn.shift = true, s.turn.axis-x1-x0
	}
	f()
	s.turn = was
}

// Fixed leaves what f draws where it is.
func (s *Scene) Fixed(f func()) {
	was := s.turn
	s.turn.fixed, s.turn.shift = s.turn.on, 0
	f()
	s.turn = was
}

// MirroredWithin mirrors what f draws between two edges, also where all around is fixed.
func (s *Scene) MirroredWithin(x0, x1 int, f func()) {
	was := s.turn
	s.turn.fixed, s.turn.axis = false, x0+x1
	f()
	s.turn = was
}

func (t *turn) mirrors() bool { return t.on && !t.fixed }

func (t *turn) box(r image.Rectangle) image.Rectangle {
	switch {
	case t.fixed:
		return r.Add(image.Pt(t.shift, 0))
	case t.on:
		return image.Rect(t.axis-r.Max.X, r.Min.Y, t.axis-r.Min.X, r.Max.Y)
	}
	return r
}

func (t *turn) corners(c Corners) Corners {
	if !t.mirrors() {
		return c
	}
	out := Corners(0)
	for from, to := range map[Corners]Corners{TopLeft: TopRight, TopRight: TopLeft, BottomLeft: BottomRight, BottomRight: BottomLeft} {
		if c&from != 0 {
			out |= to
		}
	}
	return out
}

func (t *turn) text(x int, a Align) (int, Align) {
	switch {
	case t.fixed:
		return x + t.shift, a
	case !t.on:
		return x, a
	case a == Start:
		return t.axis - x, End
	case a == End:
		return t.axis - x, Start
	}
	return t.axis - x, a
}
