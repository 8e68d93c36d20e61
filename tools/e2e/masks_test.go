package e2e

import "image"

// masks are the parts of the 800x480 screens that change by nature: time of day, call time, the
// trace of the sound, the quality and delay of the moment, rings that spread.
var masks = struct{ statusRight, clock, day, timer, trace, foot, rings, ringTime image.Rectangle }{
	statusRight: image.Rect(600, 0, 800, 40),
	clock:       image.Rect(0, 48, 540, 260),
	day:         image.Rect(0, 260, 540, 412),
	timer:       image.Rect(500, 56, 700, 122),
	trace:       image.Rect(150, 180, 700, 316),
	foot:        image.Rect(26, 342, 702, 410),
	rings:       image.Rect(56, 84, 296, 324),
	ringTime:    image.Rect(26, 334, 774, 410),
}
