package handover

import (
	"context"
	"fmt"

	"opendeskphone/tools/lab"
)

// Transfer makes a peer hand the far side of its call over, without asking.
func Transfer(ctx context.Context, p lab.Peer, to string) error {
	switch p := p.(type) {
	case *lab.Baresip:
		_, err := p.Do(ctx, "transfer", to)
		return err
	case *lab.Linphonec:
		return p.Do(ctx, "transfer "+to, "linphonec>")
	}
	return fmt.Errorf("handover: %T cannot transfer", p)
}
