package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/keep"
)

// ErrNoAgent says that no agent runs.
var ErrNoAgent = errors.New("the agent is not running")

// Client is a command's end of the socket.
type Client struct{ http *http.Client }

// NewClient speaks to the agent whose socket lies in folder; nothing is opened yet.
func NewClient(folder keep.Folder) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", folder.Path(socketName))
	}
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Do makes a request; in is sent unless nil, out is filled unless nil. What the agent or the phone
// refuses is a *pc.Refusal.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	res, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err := io.Copy(io.Discard, res.Body)
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}

// Stream makes a request whose answer is read as it comes. The caller closes it.
func (c *Client) Stream(ctx context.Context, method, path string) (io.ReadCloser, error) {
	res, err := c.send(ctx, method, path, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://agent/api/"+path, body)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	died := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || died && method == http.MethodGet {
		return nil, ErrNoAgent
	}
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	var e struct{ Error *pc.Refusal }
	if err := json.NewDecoder(io.LimitReader(res.Body, maxBody)).Decode(&e); err != nil || e.Error == nil {
		return nil, fmt.Errorf("api: %s", res.Status)
	}
	return nil, e.Error
}

// Follow calls seen for every event until ctx ends, seen errs, or the agent does.
func (c *Client) Follow(ctx context.Context, seen func(pc.Event) error) error {
	res, err := c.send(ctx, "GET", "events", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var e pc.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("api: %w", err)
		}
		if err := seen(e); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("api: the agent has ended")
}
