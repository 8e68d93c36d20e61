package ice

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logs gives what ails pion to our log, as what it is to us: details. What it says besides has passwords in it.
type logs struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l logs) NewLogger(string) logging.LeveledLogger { return l }

func (l logs) say(text string) { l.log.Debug("ice: " + text) }

func (logs) Trace(string)                   {}
func (logs) Tracef(string, ...any)          {}
func (logs) Debug(string)                   {}
func (logs) Debugf(string, ...any)          {}
func (logs) Info(string)                    {}
func (logs) Infof(string, ...any)           {}
func (l logs) Warn(msg string)              { l.say(msg) }
func (l logs) Warnf(f string, args ...any)  { l.say(fmt.Sprintf(f, args...)) }
func (l logs) Error(msg string)             { l.say(msg) }
func (l logs) Errorf(f string, args ...any) { l.say(fmt.Sprintf(f, args...)) }
