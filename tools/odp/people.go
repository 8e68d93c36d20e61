package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"opendeskphone/tools/odp/pc"
	"opendeskphone/tools/odp/pc/contacts"
	"opendeskphone/tools/odp/pc/dial"
)

type contactsCmd struct {
	List   contactsListCmd   `cmd:"" default:"withargs" help:"List contacts, those that a query finds."`
	Add    contactsAddCmd    `cmd:"" help:"Add a contact."`
	Remove contactsRemoveCmd `cmd:"" help:"Remove a contact."`
	Import contactsImportCmd `cmd:"" help:"Read a vCard file."`
}

func (contactsCmd) Help() string {
	return `Examples:
  odp contacts kel
  odp contacts add "Jonas Keller" --work "+49 30 5550 142" --mobile "+49 170 5550 199"
  odp contacts import contacts.vcf

Contacts of the phone itself are listed too, while it is there.`
}

type contactsListCmd struct {
	Query []string `arg:"" optional:"" help:"Beginnings of names, or digits of a number."`
}

// Run implements the command.
func (c *contactsListCmd) Run(sh *shell) error {
	var r struct{ Contacts []contacts.Contact }
	if err := sh.do("GET", "contacts?"+url.Values{"q": {strings.Join(c.Query, " ")}}.Encode(), nil, &r); err != nil {
		return err
	}
	return sh.print(r.Contacts, func() {
		for _, k := range r.Contacts {
			fmt.Fprintln(sh.out, contactLine(k))
		}
	})
}

func contactLine(k contacts.Contact) string {
	who := k.Name
	if k.Company != "" && k.Company != k.Name {
		who += ", " + k.Company
	}
	var numbers []string
	for _, n := range k.Numbers {
		numbers = append(numbers, n.Kind+" "+n.Value)
	}
	return fmt.Sprintf("%-32s %s", who, strings.Join(numbers, "; "))
}

type contactsAddCmd struct {
	Name    string   `arg:"" help:"Name."`
	Number  []string `arg:"" optional:"" help:"Numbers or SIP addresses."`
	Company string   `help:"Company."`
	Work    []string `help:"Number at work." placeholder:"NUMBER" sep:"none"`
	Mobile  []string `help:"Mobile number." placeholder:"NUMBER" sep:"none"`
	Home    []string `help:"Number at home." placeholder:"NUMBER" sep:"none"`
}

// Run implements the command.
func (c *contactsAddCmd) Run(sh *shell) error {
	k := contacts.Contact{Name: c.Name, Company: c.Company}
	for kind, values := range map[string][]string{"work": append(c.Work, c.Number...), "mobile": c.Mobile, "home": c.Home} {
		for _, v := range values {
			k.Numbers = append(k.Numbers, contacts.Number{Kind: kind, Value: v})
		}
	}
	return sh.do("POST", "contacts", params{"contacts": []contacts.Contact{k}}, nil)
}

type contactsRemoveCmd struct {
	Query []string `arg:"" help:"Name, or what else finds this contact alone."`
}

// Run implements the command.
func (c *contactsRemoveCmd) Run(sh *shell) error {
	query := strings.Join(c.Query, " ")
	found, err := sh.only(query)
	if err != nil {
		return err
	}
	if err := sh.do("DELETE", "contacts/"+url.PathEscape(found.ID), nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(sh.out, found.Name, "is removed.")
	return nil
}

// only finds the one contact that is meant.
func (sh *shell) only(query string) (contacts.Contact, error) {
	var r struct{ Contacts []contacts.Contact }
	if err := sh.do("GET", "contacts?"+url.Values{"q": {query}}.Encode(), nil, &r); err != nil {
		return contacts.Contact{}, err
	}
	if len(r.Contacts) != 1 {
		return contacts.Contact{}, &pc.Refusal{Kind: pc.Usage, Words: fmt.Sprintf("%d contacts are called %q; it must be one.", len(r.Contacts), query)}
	}
	return r.Contacts[0], nil
}

// target gives what to call for a number, an address or the name of a contact.
func (sh *shell) target(to string) (string, error) {
	if t, err := dial.Typed(to); err == nil {
		return t.To, nil
	}
	k, err := sh.only(to)
	if err != nil {
		return "", err
	}
	t, err := dial.Typed(k.Numbers[0].Value)
	return t.To, err
}

type contactsImportCmd struct {
	File string `arg:"" help:"vCard file (.vcf)." type:"existingfile"`
}

// Run implements the command.
func (c *contactsImportCmd) Run(sh *shell) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	var r struct{ Contacts, Skipped int }
	if err := sh.do("POST", "contacts/vcard", params{"text": string(text)}, &r); err != nil {
		return err
	}
	fmt.Fprintf(sh.out, "%d contacts imported, %d without a number left out.\n", r.Contacts, r.Skipped)
	return nil
}
