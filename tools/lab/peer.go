package lab

import "context"

// Peer is a phone of another make at the far end.
type Peer interface {
	Mark() int
	Dial(ctx context.Context, uri string) error
	Answer(ctx context.Context) error
	Hangup(ctx context.Context) error
	WaitRegistered(ctx context.Context) error
	WaitRinging(ctx context.Context, mark int) error
	WaitTalking(ctx context.Context, mark int) error
	WaitEnded(ctx context.Context, mark int) error
	Record(ctx context.Context) error
	Recording() string
	Process() *Process
	Stop()
}
