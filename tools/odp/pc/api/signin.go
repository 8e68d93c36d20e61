package api

import (
	"net/http"

	"opendeskphone/tools/odp/pc"
)

func (s *server) signIn(r *http.Request) (any, error) {
	var in struct {
		Phone   string
		Account pc.Account
	}
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return s.agent.SignIn(r.Context(), phone(in.Phone), in.Account)
}

func (s *server) signOut(r *http.Request) (any, error) {
	var in struct{ Phone, Line string }
	if err := read(r, maxBody, &in); err != nil {
		return nil, err
	}
	return nil, s.agent.SignOut(r.Context(), phone(in.Phone), in.Line)
}
