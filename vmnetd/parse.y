%{
/*
 * Copyright (c) 2026 The vmnetd authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */


#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <imsg.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conflex.h"
#include "log.h"
#include "rules.h"

#define MISTAKES_MAX	200	/* reported in one run */
#define MACRO_MAX	8191	/* characters of a value */
#define SHOWN_MAX	64	/* characters of a word in a message */

#define INET_FORM	"inet ADDRESS/LENGTH [subnet LENGTH]"
#define NAT_FORM	"nat on egress|INTERFACE [to ADDRESS]"
#define NAMESERVER_FORM	"nameserver { ADDRESS|host [via ADDRESS], ... }"
#define FORWARD_FORM	"forward tcp|udp|{ tcp, udp } [on INTERFACE] " \
			"[from PREFIX] [address ADDRESS] " \
			"port NUMBER[:NUMBER] to NUMBER[:*]"
#define EXCLUDE_FORM	"exclude { PREFIX, ADDRESS, ADDRESS - ADDRESS ... }"

/* Where a statement may stand. */
#define IN_TOP		0x1
#define IN_POOL		0x2
#define IN_VM		0x4
#define IN_IF		0x8
#define IN_DHCP		(IN_POOL | IN_VM | IN_IF)

struct keyword {
	const char	*name;
	int		 token;
	int		 begins;	/* a statement, there */
};

enum recovery {
	RECOVER_NONE,
	RECOVER_STATEMENT,		/* to the next line */
	RECOVER_HEADER,			/* of a block: to its beginning */
	RECOVER_UNSUPPORTED		/* to the next statement */
};

/* A nameserver's, router's ... address, if it could be read. */
struct place {
	uint32_t	 addr;
	bool		 ok;
};

/* All that a run of the parser knows. */
struct parser {
	struct conf		*conf;
	conf_report		*report;
	void			*arg;
	int			 mistakes;

	struct lexer		*lexer;
	struct token		 token;		/* the last that was read */
	struct token		 before;	/* the one before it */
	bool			 ended;
	int			 depth;		/* braces open */

	const char		*expected;	/* NULL between statements */
	struct token		 statement;	/* its first word */
	int			 header;	/* IN_*: of such a block */
	enum recovery		 recovery;
	bool			 incomplete;	/* the statement in error */

	/* The macro that is being defined. */
	struct token		 macro;
	const char		*value;		/* NULL: none */

	bool			 anchor_said;

	/* The blocks that are open. */
	struct conf_pool	*pool;
	bool			 rdomain_said;
	struct conf_nat		*nat;		/* the last one */
	struct conf_vm		*vm;
	struct conf_vmif	*vmif;		/* &vm->all or an interface */
	struct dhcp_conf	*dhcp;

	/* The list that is being read. */
	uint32_t		 addrs[ADDRS_MAX];
	size_t			 naddrs;
	const char		*names[SEARCH_MAX];
	size_t			 nnames;
	uint32_t		 via;		/* of `host', 0: not said */

	/* The forward that is being read. */
	struct conf_forward	 forward;
	bool			 forward_ok;
	bool			 on_said;
	bool			 from_said;
};

static struct parser	*ps;

int			 yylex(void);
int			 yyparse(void);
void			 yyerror(const char *);

static void		 report(const struct token *, const char *, va_list);
static void		 complain(const struct token *, const char *, ...)
			    __attribute__((__format__ (printf, 2, 3)));
static void		 mistake(const struct token *, const char *, ...)
			    __attribute__((__format__ (printf, 2, 3)));
static const char	*shown(const char *);
static void		 begin(const char *);
static void		 begin_block(int, const char *);
static void		 may_end(void);
static void		 end_statement(void);
static void		 unsupported(const struct token *);
static void		 stray_brace(void);
static void		 syntax_error(const struct token *);
static int		 context(void);
static int		 token_number(void);
static const struct keyword *
			 find_keyword(const struct token *);
static bool		 is_char(const struct token *, char);
static bool		 begins_statement(const struct token *, int);
static bool		 begins_block(size_t);
static bool		 unclosed(void);
static int		 level(void);
static int		 resync(void);
static void		 skip_statement(int, int);
static int		 resync_header(void);
static bool		 find_brace(void);
static int		 skip_unsupported(void);
static bool		 goes_on(const struct token *, const struct token *);
static bool		 put_back(void);
static bool		 is_next(const struct token *);

static void		 define(void);
static void		 append(const char *);
static void		 include(const struct token *);
static void		 set_group(const struct token *);
static void		 set_default(const struct token *);
static void		 set_anchor(const struct token *);
static void		 pool_open(const struct token *);
static void		 pool_close(void);
static void		 vm_open(const struct token *);
static void		 vm_close(void);
static void		 if_open(const struct token *);
static void		 if_close(void);

static void		 set_inet(const struct token *);
static void		 set_subnet(const struct token *);
static void		 add_exclude(const struct token *);
static void		 extend_exclude(const struct token *,
			    const struct token *);
static void		 set_rdomain(const struct token *);
static bool		 parse_ifname(const struct token *, char *);
static void		 add_nat(const struct token *);
static void		 set_nat_to(const struct token *);
static void		 add_rules(const struct token *);
static bool		 read_rules(const struct token *, const char *);
static void		 set_pool(const struct token *);
static void		 set_address(const struct token *);
static void		 set_hostname(const struct token *);
static void		 set_ignore(void);

static void		 forward_begin(void);
static void		 forward_mistake(const struct token *, const char *,
			    ...) __attribute__((__format__ (printf, 2, 3)));
static void		 set_forward_on(const struct token *);
static void		 set_forward_from(const struct token *);
static void		 set_forward_address(const struct token *);
static void		 set_forward_port(const struct token *);
static void		 set_forward_to(const struct token *);
static void		 forward_end(void);

static struct place	 find_place(const struct token *);
static void		 add_addr(struct place);
static void		 add_name(const struct token *);
static void		 set_addrs(const char *, uint32_t **, size_t *);
static void		 set_via(const struct token *);
static void		 set_nameservers(void);
static void		 set_search(void);
static void		 set_lease_time(const struct token *);
static void		 set_forever(void);
static void		 set_domain(const struct token *);
static void		 set_boot_file(const struct token *);
static void		 set_boot_server(struct place);
static void		 set_mtu(const struct token *);
static void		 add_route(const struct token *, struct place);
static void		 add_option(const struct token *,
			    const struct token *, bool);
static void		 store_option(uint8_t, enum option_kind,
			    const uint8_t *, size_t);

%}

%union {
	struct token	 token;
	struct place	 place;
}

%token	ADDRESS ANCHOR BOOT DEFAULT DOMAIN EXCLUDE FILENAME FOREVER FORWARD
%token	FROM GROUP HOST HOSTNAME IGNORE INCLUDE INET INTERFACE ISOLATE LEASE
%token	MTU NAMESERVER NAT NTP ON OPTION POOL PORT RDOMAIN ROUTE RULES SEARCH
%token	SERVER SOCKET SUBNET TCP TIME TO UDP VIA VM
%token	BAD OPEN RESYNC SKIPPED
%token	<token> NAME STRING UNSUPPORTED WORD
%type	<token> name range_first string value
%type	<place> place

%%

config
	: /* empty */
	| config statement	{ end_statement(); }
	;

/*
 * A word that begins a statement is a rule of its own: what the statement
 * should look like is noted before its second word is read.  Where more may
 * follow but need not, what there is takes effect at once, so that it does
 * not depend on the yacc whether it does before a mistake in the next word.
 */
statement
	: macro			{ define(); }
	| include string	{ include(&$2); }
	| socket GROUP string	{ set_group(&$3); }
	| default POOL string	{ set_default(&$3); }
	| anchor string		{ set_anchor(&$2); }
	| pool pool_body '}'	{ pool_close(); }
	| vm vm_body '}'	{ vm_close(); }
	| '}'			{ stray_brace(); }
	| unsupported
	| error RESYNC			{ yyerrok; }
	| pool_head error RESYNC	{ yyerrok; }
	| pool_head string error RESYNC	{ yyerrok; }
	| vm_head error RESYNC		{ yyerrok; }
	| vm_head string error RESYNC	{ yyerrok; }
	;

name
	: NAME			{ $$ = $1; begin("NAME = \"VALUE\""); }
	;
macro
	: name value		{
		ps->macro = $1;
		ps->value = $2.text;
		may_end();
	}
	| macro value		{ append($2.text); }
	;
value
	: string
	| HOST			{ $$ = ps->token; }
	| FOREVER		{ $$ = ps->token; }
	| TCP			{ $$ = ps->token; }
	| UDP			{ $$ = ps->token; }
	;
include
	: INCLUDE		{ begin("include \"FILE\""); }
	;
socket
	: SOCKET		{ begin("socket group \"GROUP\""); }
	;
default
	: DEFAULT		{ begin("default pool \"NAME\""); }
	;
anchor
	: ANCHOR		{ begin("anchor \"NAME\""); }
	;
unsupported
	: UNSUPPORTED SKIPPED	{ unsupported(&$1); }
	;
string
	: STRING
	| WORD
	;
comma
	: /* empty */
	| ','
	;

pool
	: pool_head string '{'		{ pool_open(&$2); }
	| pool_head string error OPEN	{ yyerrok; pool_open(&$2); }
	| pool_head error OPEN		{ yyerrok; pool_open(NULL); }
	;
pool_head
	: POOL			{
		begin_block(IN_POOL, "pool \"NAME\" { ... }");
	}
	;
pool_body
	: /* empty */
	| pool_body pool_statement	{ end_statement(); }
	;
pool_statement
	: inet_prefix
	| inet_prefix subnet string	{ set_subnet(&$3); }
	| exclude ranges
	| rdomain string	{ set_rdomain(&$2); }
	| nat_on
	| nat_on to string	{ set_nat_to(&$3); }
	| ISOLATE		{ ps->pool->isolate = true; }
	| rules string		{ add_rules(&$2); }
	| dhcp
	| unsupported
	| error RESYNC		{ yyerrok; }
	;
inet
	: INET			{ begin(INET_FORM); }
	;
inet_prefix
	: inet string		{ set_inet(&$2); may_end(); }
	;
subnet
	: SUBNET		{ ps->expected = INET_FORM; }
	;
exclude
	: EXCLUDE		{ begin(EXCLUDE_FORM); }
	;
ranges
	: range
	| '{' range_list comma '}'
	;
range_list
	: range
	| range_list comma range
	;
range
	: range_first
	| range_first dash string	{ extend_exclude(&$1, &$3); }
	;
range_first
	: string		{ $$ = $1; add_exclude(&$1); may_end(); }
	;
dash
	: '-'			{ ps->expected = EXCLUDE_FORM; }
	;
rdomain
	: RDOMAIN		{ begin("rdomain NUMBER"); }
	;
nat
	: NAT			{ begin(NAT_FORM); }
	;
nat_on
	: nat ON string		{ add_nat(&$3); may_end(); }
	;
to
	: TO			{ ps->expected = NAT_FORM; }
	;
rules
	: RULES			{ begin("rules \"FILE\""); }
	;

vm
	: vm_head string '{'		{ vm_open(&$2); }
	| vm_head string error OPEN	{ yyerrok; vm_open(&$2); }
	| vm_head error OPEN		{ yyerrok; vm_open(NULL); }
	;
vm_head
	: VM			{ begin_block(IN_VM, "vm \"NAME\" { ... }"); }
	;
vm_body
	: /* empty */
	| vm_body vm_statement	{ end_statement(); }
	;
vm_statement
	: vmif
	| interface if_body '}'	{ if_close(); }
	| unsupported
	| error RESYNC		{ yyerrok; }
	| if_head error RESYNC		{ yyerrok; }
	| if_head string error RESYNC	{ yyerrok; }
	;
interface
	: if_head string '{'		{ if_open(&$2); }
	| if_head string error OPEN	{ yyerrok; if_open(&$2); }
	| if_head error OPEN		{ yyerrok; if_open(NULL); }
	;
if_head
	: INTERFACE		{
		begin_block(IN_IF, "interface NUMBER { ... }");
	}
	;
if_body
	: /* empty */
	| if_body if_statement	{ end_statement(); }
	;
if_statement
	: vmif
	| unsupported
	| error RESYNC		{ yyerrok; }
	;
vmif
	: vmif_pool string	{ set_pool(&$2); }
	| address string	{ set_address(&$2); }
	| hostname string	{ set_hostname(&$2); }
	| IGNORE		{ set_ignore(); }
	| rules string		{ add_rules(&$2); }
	| forward protocols forward_opts PORT forward_port TO string {
		set_forward_to(&$7);
		forward_end();
	}
	| dhcp
	;
forward
	: FORWARD		{ begin(FORWARD_FORM); forward_begin(); }
	;
protocols
	: protocol
	| '{' protocol_list comma '}'
	;
protocol_list
	: protocol
	| protocol_list comma protocol
	;
protocol
	: TCP			{ ps->forward.tcp = true; }
	| UDP			{ ps->forward.udp = true; }
	;
forward_opts
	: /* empty */
	| forward_opts ON string	{ set_forward_on(&$3); }
	| forward_opts FROM string	{ set_forward_from(&$3); }
	| forward_opts ADDRESS string	{ set_forward_address(&$3); }
	;
forward_port
	: string		{ set_forward_port(&$1); }
	;
vmif_pool
	: POOL			{ begin("pool \"NAME\""); }
	;
address
	: ADDRESS		{ begin("address ADDRESS"); }
	;
hostname
	: HOSTNAME		{ begin("hostname \"NAME\""); }
	;

dhcp
	: lease TIME string	{ set_lease_time(&$3); }
	| lease TIME FOREVER	{ set_forever(); }
	| nameserver servers	{ set_nameservers(); }
	| domain string		{ set_domain(&$2); }
	| search names		{ set_search(); }
	| ntp places		{
		set_addrs("ntp", &ps->dhcp->ntp, &ps->dhcp->nntp);
	}
	| mtu string		{ set_mtu(&$2); }
	| route string VIA place	{ add_route(&$2, $4); }
	| boot SERVER place	{ set_boot_server($3); }
	| boot FILENAME string	{ set_boot_file(&$3); }
	| option string WORD	{ add_option(&$2, &$3, false); }
	| option string STRING	{ add_option(&$2, &$3, true); }
	;
lease
	: LEASE			{
		begin("lease time forever, or lease time NUMBER with s, m, "
		    "h, d or w behind it");
	}
	;
nameserver
	: NAMESERVER		{ begin(NAMESERVER_FORM); ps->via = 0; }
	;
servers
	: server
	| '{' server_list comma '}'
	;
server_list
	: server
	| server_list comma server
	;
server
	: string		{ add_addr(find_place(&$1)); }
	| host
	| host via string	{ set_via(&$3); }
	;
host
	: HOST			{
		add_addr((struct place){ ADDR_HOST, true });
		may_end();
	}
	;
via
	: VIA			{ ps->expected = NAMESERVER_FORM; }
	;
domain
	: DOMAIN		{ begin("domain \"NAME\""); }
	;
search
	: SEARCH		{ begin("search { \"DOMAIN\", ... }"); }
	;
names
	: domain_name
	| '{' name_list comma '}'
	;
name_list
	: domain_name
	| name_list comma domain_name
	;
domain_name
	: string		{ add_name(&$1); }
	;
ntp
	: NTP			{ begin("ntp { ADDRESS|host, ... }"); }
	;
places
	: listed_place
	| '{' place_list comma '}'
	;
place_list
	: listed_place
	| place_list comma listed_place
	;
listed_place
	: place			{ add_addr($1); }
	;
place
	: HOST			{ $$.addr = ADDR_HOST; $$.ok = true; }
	| string		{ $$ = find_place(&$1); }
	;
mtu
	: MTU			{ begin("mtu NUMBER"); }
	;
route
	: ROUTE			{ begin("route PREFIX via ADDRESS|host"); }
	;
boot
	: BOOT			{
		begin("boot server ADDRESS|host, or boot file \"NAME\"");
	}
	;
option
	: OPTION		{
		begin("option NUMBER \"TEXT\"|0xBYTES|ADDRESS|NUMBER");
	}
	;

%%

/*
 * Messages.
 */

static void
report(const struct token *token, const char *fmt, va_list ap)
{
	char	*text, *message;

	if (++ps->mistakes > MISTAKES_MAX)
		return;
	if (ps->mistakes == MISTAKES_MAX) {
		ps->report(ps->arg, "too many mistakes: there may be more");
		return;
	}
	if (vasprintf(&text, fmt, ap) == -1 ||
	    asprintf(&message, "%s:%d: %s", token->file, token->line,
	    text) == -1)
		fatal("configuration");
	ps->report(ps->arg, message);
	free(message);
	free(text);
}

static void
complain(const struct token *token, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	report(token, fmt, ap);
	va_end(ap);
}

/* The same, and what follows from it will not be complained about. */
static void
mistake(const struct token *token, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	report(token, fmt, ap);
	va_end(ap);

	if (ps->vmif != NULL)
		ps->vmif->broken = true;
	else if (ps->pool != NULL)
		ps->pool->broken = true;
	else
		ps->conf->broken = true;
}

/* Text of the file as it may appear in a message. */
static const char *
shown(const char *text)
{
	char	 buf[SHOWN_MAX + 4];
	size_t	 i;

	for (i = 0; i < SHOWN_MAX && text[i] != '\0'; i++)
		buf[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	buf[i] = '\0';
	if (text[i] != '\0')
		strlcat(buf, "...", sizeof(buf));
	return lexer_keep(ps->lexer, buf, strlen(buf));
}

static void
begin(const char *expected)
{
	ps->expected = expected;
	ps->statement = ps->token;
	ps->naddrs = 0;
	ps->nnames = 0;
}

static void
begin_block(int header, const char *expected)
{
	begin(expected);
	ps->header = header;
}

/* The statement is complete, unless it is within a list. */
static void
may_end(void)
{
	if (ps->depth == level())
		ps->expected = NULL;
}

static void
end_statement(void)
{
	ps->expected = NULL;
	ps->header = 0;
}

static void
unsupported(const struct token *token)
{
	complain(token, "\"%s\" is not supported by this version",
	    token->text);
}

static void
stray_brace(void)
{
	if (!ps->token.implied)
		mistake(&ps->token, "\"}\" without a \"{\" before it");
}

/* The kind of block that is open. */
static int
context(void)
{
	if (ps->pool != NULL)
		return IN_POOL;
	if (ps->vm == NULL)
		return IN_TOP;
	return ps->vmif == &ps->vm->all ? IN_VM : IN_IF;
}

#define DHCP_WORDS	"rules, lease time, nameserver, domain, search, " \
			"ntp, mtu, route, boot server, boot file, option"

static void
syntax_error(const struct token *token)
{
	const char	*block = "in a vm", *text = shown(token->text);
	const char	*words = "pool, address, hostname, interface, ignore, "
			    "forward, " DHCP_WORDS;
	const char	*keyword = "";

	if (find_keyword(token) != NULL)
		keyword = "keyword ";
	if (ps->expected != NULL) {
		if (is_next(token))
			mistake(&ps->before, "the statement is incomplete, "
			    "it should be: %s", ps->expected);
		else
			mistake(token, "unexpected %s\"%s\", the statement "
			    "should be: %s", keyword, text, ps->expected);
		return;
	}
	switch (context()) {
	case IN_TOP:
		block = "outside of blocks";
		words = "pool, vm, default pool, socket group, anchor, "
		    "include, NAME = \"VALUE\"";
		break;
	case IN_POOL:
		block = "in a pool";
		words = "inet, exclude, rdomain, nat, isolate, " DHCP_WORDS;
		break;
	case IN_IF:
		block = "in an interface";
		words = "pool, address, hostname, ignore, forward, "
		    DHCP_WORDS;
		break;
	}
	if (token->kind == TOKEN_NAME)
		mistake(token, "macro \"%s\" cannot be defined %s", text,
		    block);
	else
		mistake(token, "unexpected %s\"%s\" %s, there can be: %s",
		    keyword, text, block, words);
}

void
yyerror(const char *message)
{
	const struct token	*token = &ps->token;

	/* Some yaccs have done it by now and some have not. */
	define();
	if (strcmp(message, "syntax error") != 0)
		mistake(token, "%s", message);
	else if (token->kind == TOKEN_BAD)
		mistake(token, "%s", token->text);
	else if (!token->implied)
		syntax_error(token);
	ps->incomplete = ps->expected != NULL;
	ps->recovery = ps->header != 0 ? RECOVER_HEADER : RECOVER_STATEMENT;
}

/*
 * Words and recovery.  After a mistake the parser waits for a token that
 * yylex makes up when it has skipped what cannot be understood: to the next
 * line as a rule.
 */

static const struct keyword	 keywords[] = {
	/* Sorted. */
	{ "address",	ADDRESS,	IN_VM | IN_IF },
	{ "anchor",	ANCHOR,		IN_TOP },
	{ "boot",	BOOT,		IN_DHCP },
	{ "default",	DEFAULT,	IN_TOP },
	{ "domain",	DOMAIN,		IN_DHCP },
	{ "exclude",	EXCLUDE,	IN_POOL },
	{ "file",	FILENAME,	0 },
	{ "forever",	FOREVER,	0 },
	{ "forward",	FORWARD,	IN_VM | IN_IF },
	{ "from",	FROM,		0 },
	{ "group",	GROUP,		0 },
	{ "host",	HOST,		0 },
	{ "hostname",	HOSTNAME,	IN_VM | IN_IF },
	{ "ignore",	IGNORE,		IN_VM | IN_IF },
	{ "include",	INCLUDE,	IN_TOP },
	{ "inet",	INET,		IN_POOL },
	{ "inet6",	UNSUPPORTED,	IN_POOL },
	{ "interface",	INTERFACE,	IN_VM },
	{ "isolate",	ISOLATE,	IN_POOL },
	{ "lease",	LEASE,		IN_DHCP },
	{ "mtu",	MTU,		IN_DHCP },
	{ "nameserver",	NAMESERVER,	IN_DHCP },
	{ "nat",	NAT,		IN_POOL },
	{ "ntp",	NTP,		IN_DHCP },
	{ "on",		ON,		IN_POOL },
	{ "option",	OPTION,		IN_DHCP },
	{ "pool",	POOL,		IN_TOP | IN_VM | IN_IF },
	{ "port",	PORT,		0 },
	{ "rdomain",	RDOMAIN,	IN_POOL },
	{ "route",	ROUTE,		IN_DHCP },
	{ "rules",	RULES,		IN_DHCP },
	{ "search",	SEARCH,		IN_DHCP },
	{ "server",	SERVER,		0 },
	{ "socket",	SOCKET,		IN_TOP },
	{ "subnet",	SUBNET,		0 },
	{ "tcp",	TCP,		0 },
	{ "time",	TIME,		0 },
	{ "to",		TO,		0 },
	{ "udp",	UDP,		0 },
	{ "via",	VIA,		0 },
	{ "vm",		VM,		IN_TOP }
};

/* What an unsupported statement may go on with, if also in the next line. */
static const struct {
	const char	*name;
	const char	*words[8];
} continuations[] = {
	{ "inet6",	{ "subnet" } }
};

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

static int
keyword_cmp(const void *name, const void *keyword)
{
	return strcmp(name, ((const struct keyword *)keyword)->name);
}

static const struct keyword *
find_keyword(const struct token *token)
{
	if (token->kind != TOKEN_WORD)
		return NULL;
	return bsearch(token->text, keywords, nitems(keywords),
	    sizeof(keywords[0]), keyword_cmp);
}

static bool
is_char(const struct token *token, char c)
{
	return token->kind == TOKEN_CHAR && token->text[0] == c;
}

/* A statement of one of these kinds of blocks. */
static bool
begins_statement(const struct token *token, int blocks)
{
	const struct keyword	*keyword = find_keyword(token);

	return keyword != NULL && (keyword->begins & blocks) != 0;
}

/* Certainly not part of the statement that was being read before it. */
static bool
is_next(const struct token *token)
{
	if (token->kind == TOKEN_END)
		return true;
	return token->first && (token->kind == TOKEN_NAME ||
	    is_char(token, '}') || begins_statement(token, IN_TOP | IN_DHCP));
}

/*
 * Is this a line that can only be the first of a pool or vm?  The word before
 * the nth to come is its first.
 */
static bool
begins_block(size_t n)
{
	struct token	 token = ps->token;

	if (n > 0)
		lexer_peek(ps->lexer, n - 1, &token);
	if (!token.first || token.kind != TOKEN_WORD ||
	    (strcmp(token.text, "pool") != 0 && strcmp(token.text, "vm") != 0))
		return false;
	lexer_peek(ps->lexer, n, &token);
	if (token.kind != TOKEN_STRING && token.kind != TOKEN_WORD)
		return false;
	lexer_peek(ps->lexer, n + 1, &token);
	return is_char(&token, '{');
}

/* Blocks that have been entered. */
static int
level(void)
{
	switch (context()) {
	case IN_TOP:
		return 0;
	case IN_IF:
		return 2;
	default:
		return 1;
	}
}

int
yylex(void)
{
	enum recovery	 recovery = ps->recovery;

	ps->recovery = RECOVER_NONE;
	switch (recovery) {
	case RECOVER_STATEMENT:
		return resync();
	case RECOVER_HEADER:
		return resync_header();
	case RECOVER_UNSUPPORTED:
		return skip_unsupported();
	case RECOVER_NONE:
		break;
	}

	ps->before = ps->token;
	do {
		if (ps->ended)
			return 0;
		lexer_next(ps->lexer, &ps->token);
		if (unclosed())
			lexer_next(ps->lexer, &ps->token);
		else if (ps->token.kind == TOKEN_END)
			ps->ended = !lexer_pop(ps->lexer);
	} while (ps->token.kind == TOKEN_END);

	yylval.token = ps->token;
	return token_number();
}

/* What yacc calls the token that was read. */
static int
token_number(void)
{
	const struct keyword	*keyword;

	switch (ps->token.kind) {
	case TOKEN_STRING:
		return STRING;
	case TOKEN_NAME:
		return NAME;
	case TOKEN_WORD:
		if ((keyword = find_keyword(&ps->token)) == NULL)
			return WORD;
		/* As a statement of its own, `on' is for segments. */
		if (keyword->token == UNSUPPORTED ||
		    (keyword->token == ON && ps->expected == NULL)) {
			ps->recovery = RECOVER_UNSUPPORTED;
			return UNSUPPORTED;
		}
		return keyword->token;
	case TOKEN_CHAR:
		if (is_char(&ps->token, '{'))
			ps->depth++;
		else if (is_char(&ps->token, '}') && ps->depth > 0)
			ps->depth--;
		return (unsigned char)ps->token.text[0];
	default:
		return BAD;
	}
}

/*
 * Where something is still open at the end of the file or before the next
 * pool or vm, complain once and put there what is missing.
 */
static bool
unclosed(void)
{
	struct token		 brace = ps->token;
	const char		*what = "pool", *name = "";
	int			 line = ps->statement.line, n;

	if (ps->depth == 0 || (ps->token.kind != TOKEN_END &&
	    !begins_block(0)))
		return false;
	if (ps->pool != NULL) {
		name = ps->pool->name;
		line = ps->pool->where.line;
	} else if (ps->vm != NULL) {
		what = "vm";
		name = ps->vm->pattern;
		line = ps->vm->all.where.line;
	}
	complain(&ps->token, "\"}\" is missing %s: %s \"%s\" of line %d is "
	    "not closed", ps->token.kind == TOKEN_END ? "at the end of the "
	    "file" : "before this line", what, name, line);

	lexer_unget(ps->lexer, &ps->token);
	brace.kind = TOKEN_CHAR;
	brace.text = "}";
	brace.implied = true;
	brace.first = false;
	for (n = 0; n < ps->depth; n++)
		lexer_unget(ps->lexer, &brace);
	return true;
}

/* A statement in error: skip what is left of it. */
static int
resync(void)
{
	int	 inner = 0, lists = ps->depth - level();

	if (!put_back()) {
		if (is_char(&ps->token, '{')) {
			inner = 1;
			lists--;
		}
		skip_statement(inner, lists);
	}
	ps->depth = level();
	return RESYNC;
}

/*
 * Does the word that was not expected belong to what comes after the
 * statement?  The brace that closes the block does, and what begins another
 * statement in another line.
 */
static bool
put_back(void)
{
	const struct token	*token = &ps->token;
	bool			 brace, next;

	brace = is_char(token, '}') && ps->depth < level();
	next = ps->incomplete && is_next(token);
	if (brace || next)
		lexer_unget(ps->lexer, token);
	return brace || next;
}

/*
 * To the end of the line and of all braces that were opened since `inner`,
 * but not beyond the end of the block.  A list that the statement had begun
 * may have been left unclosed: it ends where a statement begins.
 */
static void
skip_statement(int inner, int lists)
{
	struct token	 next;

	for (;;) {
		lexer_peek(ps->lexer, 0, &next);
		if (next.kind == TOKEN_END || begins_block(1))
			return;
		if (inner == 0 && lists == 0 && (next.first ||
		    (is_char(&next, '}') && level() > 0)))
			return;
		if (inner == 0 && next.first &&
		    begins_statement(&next, IN_TOP | IN_DHCP))
			return;
		lexer_next(ps->lexer, &next);
		if (is_char(&next, '{'))
			inner++;
		else if (is_char(&next, '}') && inner > 0)
			inner--;
		else if (is_char(&next, '}') && lists > 0)
			lists--;
	}
}

/*
 * The first line of a block in error: go on inside of the block, if there is
 * one, so that what it says is checked as well.
 */
static int
resync_header(void)
{
	struct token	 next;
	int		 outer = level(), inside = ps->header;
	bool		 bare;

	ps->header = 0;
	if (is_char(&ps->token, '{'))
		return OPEN;
	/* What follows a lone `interface` can be the vm's as well. */
	bare = inside == IN_IF && ps->before.line == ps->statement.line &&
	    strcmp(ps->before.text, ps->statement.text) == 0;
	if (put_back() || !find_brace()) {
		/* Without its brace it is known by what comes next. */
		lexer_peek(ps->lexer, 0, &next);
		if (bare || begins_block(1) ||
		    !begins_statement(&next, inside)) {
			ps->depth = outer;
			return RESYNC;
		}
	} else
		lexer_next(ps->lexer, &next);
	ps->depth = outer + 1;
	return OPEN;
}

/* Skip to the brace in this line or at the beginning of the next one. */
static bool
find_brace(void)
{
	struct token	 next;

	for (;;) {
		lexer_peek(ps->lexer, 0, &next);
		if (is_char(&next, '{'))
			return true;
		if (next.kind == TOKEN_END || next.first ||
		    is_char(&next, '}'))
			return false;
		lexer_next(ps->lexer, &next);
	}
}

/* To where the next statement begins. */
static int
skip_unsupported(void)
{
	struct token	 next;
	int		 inner = 0;

	for (;;) {
		lexer_peek(ps->lexer, 0, &next);
		if (next.kind == TOKEN_END || begins_block(1))
			return SKIPPED;
		if (inner == 0 && !goes_on(&ps->token, &next) &&
		    (next.first || is_char(&next, '}') ||
		    next.kind == TOKEN_NAME ||
		    begins_statement(&next, IN_TOP | IN_DHCP)))
			return SKIPPED;
		lexer_next(ps->lexer, &next);
		if (is_char(&next, '{'))
			inner++;
		else if (is_char(&next, '}'))
			inner--;
	}
}

static bool
goes_on(const struct token *keyword, const struct token *next)
{
	const char *const	*word;
	size_t			 i;

	if (is_char(next, '{'))
		return true;
	for (i = 0; i < nitems(continuations); i++) {
		if (next->kind != TOKEN_WORD ||
		    strcmp(continuations[i].name, keyword->text) != 0)
			continue;
		for (word = continuations[i].words; *word != NULL; word++)
			if (strcmp(*word, next->text) == 0)
				return true;
	}
	return false;
}

/*
 * Statements.
 */

#define POOL_NAMES	"should be at most 27 letters, digits, - and _"
#define VM_NAMES	"should be at most 63 letters, digits, -, . and _, " \
			"a letter or digit first; a pattern may have *, ? " \
			"and [ ] too"

static void
set_where(struct conf_where *where, const struct token *token)
{
	free(where->file);
	if ((where->file = strdup(token->file)) == NULL)
		fatal("configuration");
	where->line = token->line;
}

/* Room for one more; arrays have a power of two of elements. */
static void *
grow(void *array, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return array;
	if ((array = reallocarray(array, n == 0 ? 1 : n * 2, size)) == NULL)
		fatal("configuration");
	return array;
}

/* Decimal digits and nothing else. */
static bool
parse_number(const char *text, uint32_t max, uint32_t *number)
{
	uint64_t	 n = 0;
	size_t		 i;

	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n > max)
			return false;
	}
	*number = (uint32_t)n;
	return i > 0;
}

/* One setting, one value. */
static bool
is_new(bool said)
{
	if (said)
		complain(&ps->statement, "\"%s\" is already set in this "
		    "block", ps->statement.text);
	return !said;
}

/* The macro is complete. */
static void
define(void)
{
	const struct token	*name = &ps->macro;
	struct token		 word = *name;
	const char		*p, *value = ps->value;

	if (value == NULL)
		return;
	ps->value = NULL;
	word.kind = TOKEN_WORD;
	if (find_keyword(&word) != NULL) {
		mistake(name, "\"%s\" is a keyword, choose another name for "
		    "the macro", name->text);
		return;
	}
	for (p = name->text; *p != '\0'; p++)
		if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z') &&
		    *p != '_' && (*p < '0' || *p > '9' || p == name->text)) {
			mistake(name, "macro \"%s\": a name has letters, "
			    "digits and _, and no digit first",
			    shown(name->text));
			return;
		}
	lexer_define(ps->lexer, name, value);
}

static void
append(const char *value)
{
	char	*s;
	int	 len;

	if ((len = asprintf(&s, "%s %s", ps->value, value)) == -1)
		fatal("configuration");
	if (len > MACRO_MAX)
		complain(&ps->macro, "macro \"%s\" is too long",
		    shown(ps->macro.text));
	else
		ps->value = lexer_keep(ps->lexer, s, (size_t)len);
	free(s);
}

static void
include(const struct token *path)
{
	const char	*why;

	if (lexer_push(ps->lexer, path->text, &why) == -1)
		mistake(path, "include \"%s\": %s", shown(path->text), why);
}

static void
set_group(const struct token *name)
{
	struct conf	*conf = ps->conf;

	if (!is_new(conf->socket_group != NULL))
		return;
	if (!conf_valid_group(name->text))
		complain(name, "\"%s\" is no name of a group, should be at "
		    "most %d letters, digits, -, . and _",
		    shown(name->text), GROUP_NAMELEN - 1);
	else if ((conf->socket_group = strdup(name->text)) == NULL)
		fatal("configuration");
}

static void
set_default(const struct token *name)
{
	struct conf	*conf = ps->conf;

	if (!is_new(conf->default_poolname[0] != '\0'))
		return;
	if (!conf_valid_poolname(name->text)) {
		mistake(name, "\"%s\" is no name of a pool, " POOL_NAMES,
		    shown(name->text));
		return;
	}
	strlcpy(conf->default_poolname, name->text,
	    sizeof(conf->default_poolname));
	set_where(&conf->default_where, name);
}

static void
set_anchor(const struct token *name)
{
	struct conf	*conf = ps->conf;

	if (!is_new(ps->anchor_said))
		return;
	ps->anchor_said = true;
	if (!conf_valid_anchor(name->text))
		complain(name, "anchor \"%s\": should be at most %d letters, "
		    "digits, -, . and _, a letter first", shown(name->text),
		    ANCHOR_NAMELEN - 1);
	else
		strlcpy(conf->anchor, name->text, sizeof(conf->anchor));
}

static void
pool_open(const struct token *name)
{
	struct conf_pool	*pool;
	bool			 valid;

	valid = name != NULL && conf_valid_poolname(name->text);
	if (name != NULL && !valid)
		mistake(name, "\"%s\" is no name of a pool, " POOL_NAMES,
		    shown(name->text));
	if ((pool = conf_add_pool(ps->conf)) == NULL)
		fatal("configuration");
	set_where(&pool->where, &ps->statement);
	if (valid)
		strlcpy(pool->name, name->text, sizeof(pool->name));
	else
		ps->conf->broken = true;
	ps->pool = pool;
	ps->dhcp = &pool->dhcp;
	ps->rdomain_said = false;
	end_statement();
}

static void
pool_close(void)
{
	struct conf_pool	*pool = ps->pool;
	struct ibuf		*buf;
	struct token		 token = ps->token;

	ps->pool = NULL;
	ps->dhcp = NULL;
	buf = conf_pack_pool(pool);
	token.line = pool->where.line;
	if (buf == NULL)
		complain(&token, "pool \"%s\" is too large", pool->name);
	ibuf_free(buf);
}

static void
vm_open(const struct token *pattern)
{
	struct conf_vm	*vm;

	if ((vm = conf_add_vm(ps->conf)) == NULL)
		fatal("configuration");
	set_where(&vm->all.where, &ps->statement);
	ps->vm = vm;
	ps->vmif = &vm->all;
	ps->dhcp = &vm->all.dhcp;
	if (pattern == NULL)
		vm->all.broken = true;
	else if (!conf_valid_pattern(pattern->text))
		mistake(pattern, "\"%s\" is no name of a VM, " VM_NAMES,
		    shown(pattern->text));
	else
		strlcpy(vm->pattern, pattern->text, sizeof(vm->pattern));
	end_statement();
}

static void
vm_close(void)
{
	struct conf_vm	*vm = ps->vm;
	struct ibuf	*buf;
	struct token	 token = ps->token;

	ps->vm = NULL;
	ps->vmif = NULL;
	ps->dhcp = NULL;
	buf = conf_pack_vm(vm);
	token.line = vm->all.where.line;
	if (buf == NULL)
		complain(&token, "vm \"%s\" is too large", vm->pattern);
	ibuf_free(buf);
}

static void
if_open(const struct token *index)
{
	struct conf_vmif	*vmif;
	uint32_t		 number = 0;

	if ((vmif = conf_add_vmif(ps->vm)) == NULL)
		fatal("configuration");
	set_where(&vmif->where, &ps->statement);
	ps->vmif = vmif;
	if (index == NULL)
		vmif->broken = true;
	else if (!parse_number(index->text, VMIF_MAX, &number))
		mistake(index, "interface \"%s\": should be a number from 0 "
		    "to %d", shown(index->text), VMIF_MAX);
	vmif->index = (uint8_t)number;
	ps->dhcp = &vmif->dhcp;
	end_statement();
}

static void
if_close(void)
{
	ps->vmif = &ps->vm->all;
	ps->dhcp = &ps->vm->all.dhcp;
}

static void
set_inet(const struct token *text)
{
	struct conf_pool	*pool = ps->pool;
	struct prefix		 inet, network;

	if (!is_new(pool->subnet != 0))
		return;
	if (prefix_parse(text->text, &inet) == -1) {
		mistake(text, "inet \"%s\": should be ADDRESS/LENGTH",
		    shown(text->text));
		return;
	}
	network.addr = prefix_first(&inet);
	network.len = inet.len;
	if (network.addr != inet.addr)
		mistake(text, "inet %s has bits set behind its length, "
		    "should be %s", prefix_ntoa(&inet), prefix_ntoa(&network));
	else if (inet.len > 31)
		mistake(text, "inet %s: too small, should be /31 or shorter",
		    prefix_ntoa(&inet));
	else if (!conf_valid_inet(&inet, SUBNET_DEFAULT))
		mistake(text, "inet %s: not addresses that hosts can have",
		    prefix_ntoa(&inet));
	else {
		pool->inet = inet;
		pool->subnet = SUBNET_DEFAULT;
	}
}

static void
set_subnet(const struct token *text)
{
	struct conf_pool	*pool = ps->pool;
	uint32_t		 len;

	/* Not of an inet that was refused. */
	if (pool->subnet == 0)
		return;
	if (!parse_number(text->text, 32, &len) ||
	    !conf_valid_inet(&pool->inet, (uint8_t)len))
		mistake(text, "subnet %s does not fit into %s, should be %u "
		    "to 31", shown(text->text), prefix_ntoa(&pool->inet),
		    pool->inet.len);
	else
		pool->subnet = (uint8_t)len;
}

/* An address, a prefix or, where it is one word, a range. */
static bool
parse_range(const char *text, struct range *range)
{
	struct prefix	 prefix;
	char		 first[ADDR_STRLEN];
	size_t		 len = strcspn(text, "-");

	if (text[len] == '-') {
		if (len >= sizeof(first))
			return false;
		memcpy(first, text, len);
		first[len] = '\0';
		return addr_parse(first, &range->first) == 0 &&
		    addr_parse(text + len + 1, &range->last) == 0 &&
		    range->first <= range->last;
	}
	if (addr_parse(text, &range->first) == 0) {
		range->last = range->first;
		return true;
	}
	if (prefix_parse(text, &prefix) == -1)
		return false;
	range->first = prefix_first(&prefix);
	range->last = prefix_last(&prefix);
	return prefix.addr == range->first;
}

static void
add_exclude(const struct token *text)
{
	struct conf_pool	*pool = ps->pool;
	struct range		 range;

	if (!parse_range(text->text, &range)) {
		mistake(text, "exclude \"%s\": should be ADDRESS, ADDRESS - "
		    "ADDRESS with the lower one first, or a prefix without "
		    "bits set behind its length", shown(text->text));
		return;
	}
	pool->exclude = grow(pool->exclude, pool->nexclude, sizeof(range));
	pool->exclude[pool->nexclude++] = range;
}

/* The range that began with the address that was excluded last. */
static void
extend_exclude(const struct token *first, const struct token *last)
{
	struct conf_pool	*pool = ps->pool;
	struct range		 range;
	uint32_t		 from, to;

	/* What the first one lacks has been said. */
	if (!parse_range(first->text, &range))
		return;
	if (addr_parse(first->text, &from) == -1 ||
	    addr_parse(last->text, &to) == -1 || from > to)
		mistake(last, "exclude %s - %s: should be two addresses, the "
		    "lower one first", shown(first->text), shown(last->text));
	else
		pool->exclude[pool->nexclude - 1].last = to;
}

static void
set_rdomain(const struct token *number)
{
	if (!is_new(ps->rdomain_said))
		return;
	ps->rdomain_said = true;
	if (!parse_number(number->text, UINT32_MAX, &ps->pool->rdomain))
		mistake(number, "rdomain \"%s\": should be a number",
		    shown(number->text));
}

/* The name of an interface, "" for egress. */
static bool
parse_ifname(const struct token *name, char *ifname)
{
	ifname[0] = '\0';
	if (strcmp(name->text, "egress") == 0)
		return true;
	if (conf_valid_ifname(name->text)) {
		strlcpy(ifname, name->text, IF_NAMESIZE);
		return true;
	}
	complain(name, "\"%s\" is no name of an interface, should be egress or "
	    "at most %d letters, digits, -, . and _", shown(name->text),
	    IF_NAMESIZE - 1);
	return false;
}

static void
add_nat(const struct token *name)
{
	struct conf_pool	*pool = ps->pool;
	struct conf_nat		 nat = { .to = 0 };
	size_t			 i;

	ps->nat = NULL;
	if (!parse_ifname(name, nat.ifname))
		return;
	for (i = 0; i < pool->nnat; i++)
		if (strcmp(pool->nat[i].ifname, nat.ifname) == 0) {
			complain(name, "nat on %s is already set in this block",
			    name->text);
			return;
		}
	pool->nat = grow(pool->nat, pool->nnat, sizeof(nat));
	ps->nat = &pool->nat[pool->nnat++];
	*ps->nat = nat;
}

static void
set_nat_to(const struct token *text)
{
	uint32_t	 addr;

	if (addr_parse(text->text, &addr) == -1 || !conf_valid_outside(addr))
		complain(text, "nat to \"%s\": should be the address of a "
		    "host", shown(text->text));
	else if (ps->nat != NULL)
		ps->nat->to = addr;
}

/* Each file is read once, where it is named first. */
static void
add_rules(const struct token *name)
{
	const char	*path = lexer_path(ps->lexer, name->text);
	char		***rules;
	size_t		*nrules, i;

	if (ps->pool != NULL) {
		rules = &ps->pool->rules;
		nrules = &ps->pool->nrules;
	} else {
		rules = &ps->vmif->rules;
		nrules = &ps->vmif->nrules;
	}
	for (i = 0; i < *nrules; i++)
		if (strcmp((*rules)[i], path) == 0) {
			complain(name, "rules \"%s\" are already set in this "
			    "block", shown(path));
			return;
		}
	if (conf_find_rules(ps->conf, path) == NULL && !read_rules(name, path))
		return;
	*rules = grow(*rules, *nrules, sizeof(**rules));
	if (((*rules)[*nrules] = strdup(path)) == NULL)
		fatal("configuration");
	(*nrules)++;
}

static bool
read_rules(const struct token *name, const char *path)
{
	const char	*why = "its name is too long";
	char		*text = NULL;
	int		 line;

	if (strlen(path) < RULES_PATHLEN)
		text = lexer_read(ps->lexer, path, RULES_MAX, &why);
	if (text == NULL) {
		complain(name, "rules \"%s\": %s", shown(name->text), why);
		return false;
	}
	if ((line = rules_unbalanced(text)) != 0)
		complain(name, "rules \"%s\": { and } do not match in line %d",
		    shown(name->text), line);
	else if (conf_add_rules(ps->conf, path, text) == NULL)
		fatal("configuration");
	free(text);
	return line == 0;
}

static void
set_pool(const struct token *name)
{
	struct conf_vmif	*vmif = ps->vmif;

	if (!is_new(vmif->poolname[0] != '\0'))
		return;
	if (!conf_valid_poolname(name->text)) {
		mistake(name, "\"%s\" is no name of a pool, " POOL_NAMES,
		    shown(name->text));
		return;
	}
	strlcpy(vmif->poolname, name->text, sizeof(vmif->poolname));
	vmif->pool_line = name->line;
}

static void
set_address(const struct token *text)
{
	struct conf_vmif	*vmif = ps->vmif;
	uint32_t		 addr;

	if (!is_new(vmif->address != 0))
		return;
	if (addr_parse(text->text, &addr) == -1 || !conf_valid_host(addr)) {
		mistake(text, "address \"%s\": should be the address of a "
		    "host", shown(text->text));
		return;
	}
	vmif->address = addr;
	vmif->address_line = text->line;
}

static void
set_hostname(const struct token *name)
{
	struct conf_vmif	*vmif = ps->vmif;

	if (!is_new(vmif->hostname[0] != '\0'))
		return;
	if (!conf_valid_hostname(name->text)) {
		complain(name, "hostname \"%s\": should be at most 63 letters, "
		    "digits and -, with no - first or last",
		    shown(name->text));
		return;
	}
	strlcpy(vmif->hostname, name->text, sizeof(vmif->hostname));
}

static void
set_ignore(void)
{
	ps->vmif->ignore = true;
}

/*
 * Forwards.
 */

static void
forward_begin(void)
{
	memset(&ps->forward, 0, sizeof(ps->forward));
	ps->forward_ok = true;
	ps->on_said = false;
	ps->from_said = false;
}

/* The forward will not be one. */
static void
forward_mistake(const struct token *token, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	report(token, fmt, ap);
	va_end(ap);
	ps->forward_ok = false;
}

static bool
is_first(const struct token *token, const char *word, bool said)
{
	if (said)
		forward_mistake(token, "\"%s\" is already set in this "
		    "forward", word);
	return !said;
}

static void
set_forward_on(const struct token *name)
{
	if (!is_first(name, "on", ps->on_said))
		return;
	ps->on_said = true;
	if (!parse_ifname(name, ps->forward.ifname))
		ps->forward_ok = false;
}

static void
set_forward_from(const struct token *text)
{
	struct prefix	*from = &ps->forward.from;

	if (!is_first(text, "from", ps->from_said))
		return;
	ps->from_said = true;
	if (addr_parse(text->text, &from->addr) == 0)
		from->len = 32;
	else if (prefix_parse(text->text, from) == -1 ||
	    from->addr != prefix_first(from))
		forward_mistake(text, "from \"%s\": should be an address, or "
		    "a prefix without bits set behind its length",
		    shown(text->text));
}

static void
set_forward_address(const struct token *text)
{
	uint32_t	 addr;

	if (!is_first(text, "address", ps->forward.address != 0))
		return;
	if (addr_parse(text->text, &addr) == -1 || !conf_valid_outside(addr))
		forward_mistake(text, "address \"%s\": should be the address "
		    "of a host", shown(text->text));
	else
		ps->forward.address = addr;
}

static bool
parse_port(const char *text, size_t len, uint16_t *port)
{
	char		 digits[8];
	uint32_t	 number;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!parse_number(digits, UINT16_MAX, &number) || number == 0)
		return false;
	*port = (uint16_t)number;
	return true;
}

static void
set_forward_port(const struct token *text)
{
	struct conf_forward	*f = &ps->forward;
	size_t			 len = strcspn(text->text, ":");
	const char		*last = text->text;

	if (last[len] == ':')
		last += len + 1;
	if (!parse_port(text->text, len, &f->first) ||
	    !parse_port(last, strlen(last), &f->last) || f->first > f->last)
		forward_mistake(text, "port \"%s\": should be 1 to %u, or two "
		    "such numbers as in 5000:5010, the lower one first",
		    shown(text->text), UINT16_MAX);
}

static void
set_forward_to(const struct token *text)
{
	struct conf_forward	*f = &ps->forward;
	size_t			 len = strcspn(text->text, ":");

	f->to_range = text->text[len] == ':';
	if ((f->to_range && strcmp(text->text + len, ":*") != 0) ||
	    !parse_port(text->text, len, &f->to))
		forward_mistake(text, "to \"%s\": should be 1 to %u, or such "
		    "a number as in 6000:* for one port each",
		    shown(text->text), UINT16_MAX);
	else if (ps->forward_ok && f->to_range &&
	    f->last - f->first > UINT16_MAX - f->to)
		forward_mistake(text, "to %s: the ports from %u to %u do not "
		    "fit between %u and %u", text->text, f->first, f->last,
		    f->to, UINT16_MAX);
}

/* Those of interface 0 are the vm's, wherever they are said. */
static void
forward_end(void)
{
	struct conf_vmif	*vmif = ps->vmif;

	if (!ps->forward_ok)
		return;
	if (vmif != &ps->vm->all && vmif->index == 0 && !vmif->broken)
		vmif = &ps->vm->all;
	vmif->forward = grow(vmif->forward, vmif->nforward,
	    sizeof(*vmif->forward));
	set_where(&ps->forward.where, &ps->statement);
	vmif->forward[vmif->nforward++] = ps->forward;
	memset(&ps->forward, 0, sizeof(ps->forward));
}

/*
 * What DHCP tells.
 */

static struct place
find_place(const struct token *text)
{
	struct place	 place = { 0, false };

	if (addr_parse(text->text, &place.addr) == -1 ||
	    !conf_valid_host(place.addr))
		complain(text, "\"%s\": should be the address of a host, or "
		    "the word host", shown(text->text));
	else
		place.ok = true;
	return place;
}

static void
add_addr(struct place place)
{
	if (ps->naddrs == ADDRS_MAX)
		complain(&ps->token, "more than %d addresses", ADDRS_MAX);
	else if (place.ok)
		ps->addrs[ps->naddrs++] = place.addr;
}

static void
set_addrs(const char *what, uint32_t **addrs, size_t *count)
{
	if (!is_new(*count != 0) || ps->naddrs == 0)
		return;
	if ((*addrs = calloc(ps->naddrs, sizeof(**addrs))) == NULL)
		fatal("configuration");
	memcpy(*addrs, ps->addrs, ps->naddrs * sizeof(**addrs));
	*count = ps->naddrs;
}

static void
set_via(const struct token *text)
{
	uint32_t	 addr;

	if (ps->via != 0)
		complain(text, "\"via\" is already set in this statement");
	else if (addr_parse(text->text, &addr) == -1 || !conf_valid_host(addr))
		complain(text, "via \"%s\": should be the address of a host",
		    shown(text->text));
	else
		ps->via = addr;
}

static void
set_nameservers(void)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	bool			 said = dhcp->nnameserver != 0;

	set_addrs("nameserver", &dhcp->nameserver, &dhcp->nnameserver);
	if (!said && dhcp->nnameserver != 0)
		dhcp->nameserver_via = ps->via;
}

static bool
is_domain(const struct token *name)
{
	if (conf_valid_domain(name->text))
		return true;
	complain(name, "\"%s\" is no name of a domain, should be labels of at "
	    "most 63 letters, digits, - and _ with dots between them",
	    shown(name->text));
	return false;
}

static void
add_name(const struct token *name)
{
	if (ps->nnames == SEARCH_MAX)
		complain(name, "more than %d domains", SEARCH_MAX);
	else if (is_domain(name))
		ps->names[ps->nnames++] = name->text;
}

static void
set_search(void)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	size_t			 i;

	if (!is_new(dhcp->nsearch != 0) || ps->nnames == 0)
		return;
	dhcp->search = calloc(ps->nnames, sizeof(*dhcp->search));
	if (dhcp->search == NULL)
		fatal("configuration");
	dhcp->nsearch = ps->nnames;
	for (i = 0; i < ps->nnames; i++)
		if ((dhcp->search[i] = strdup(ps->names[i])) == NULL)
			fatal("configuration");
}

static void
set_lease_time(const struct token *text)
{
	static const char	 letters[] = "smhdw";
	static const uint32_t	 factors[] = { 1, 60, 3600, 86400, 604800 };
	char			 digits[16];
	const char		*letter = NULL;
	size_t			 len = strlen(text->text);
	uint32_t		 number, factor = 1;

	if (!is_new(ps->dhcp->lease_time != 0))
		return;
	if (len > 0)
		letter = strchr(letters, text->text[len - 1]);
	if (letter != NULL) {
		factor = factors[letter - letters];
		len--;
	}
	/* FOREVER itself is not a number of seconds. */
	snprintf(digits, sizeof(digits), "%.*s", len > 15 ? 15 : (int)len,
	    text->text);
	if (len > 15 || !parse_number(digits, (LEASE_TIME_FOREVER - 1) /
	    factor, &number) || number * factor < LEASE_TIME_MIN) {
		complain(text, "lease time \"%s\": should be forever or %d "
		    "to %u seconds, as 90s, 10m, 12h, 1d or 2w",
		    shown(text->text), LEASE_TIME_MIN,
		    LEASE_TIME_FOREVER - 1);
		return;
	}
	ps->dhcp->lease_time = number * factor;
}

static void
set_forever(void)
{
	if (is_new(ps->dhcp->lease_time != 0))
		ps->dhcp->lease_time = LEASE_TIME_FOREVER;
}

static void
set_domain(const struct token *name)
{
	struct dhcp_conf	*dhcp = ps->dhcp;

	if (is_new(dhcp->domain != NULL) && is_domain(name) &&
	    (dhcp->domain = strdup(name->text)) == NULL)
		fatal("configuration");
}

static void
set_boot_file(const struct token *name)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	size_t			 len = strlen(name->text);

	if (dhcp->boot_file != NULL)
		complain(name, "\"boot file\" is already set in this block");
	else if (len == 0 || len >= BOOT_FILELEN)
		complain(name, "boot file: should have 1 to %d characters",
		    BOOT_FILELEN - 1);
	else if ((dhcp->boot_file = strdup(name->text)) == NULL)
		fatal("configuration");
}

static void
set_boot_server(struct place place)
{
	struct dhcp_conf	*dhcp = ps->dhcp;

	if (dhcp->has_boot_server)
		complain(&ps->statement, "\"boot server\" is already set in "
		    "this block");
	else if (place.ok) {
		dhcp->has_boot_server = true;
		dhcp->boot_server = place.addr;
	}
}

static void
set_mtu(const struct token *text)
{
	uint32_t	 number;

	if (!is_new(ps->dhcp->mtu != 0))
		return;
	if (!parse_number(text->text, UINT16_MAX, &number) || number < MTU_MIN)
		complain(text, "mtu \"%s\": should be %d to %d",
		    shown(text->text), MTU_MIN, UINT16_MAX);
	else
		ps->dhcp->mtu = (uint16_t)number;
}

static void
add_route(const struct token *text, struct place via)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	struct prefix		 dst;
	size_t			 i;

	if (prefix_parse(text->text, &dst) == -1 ||
	    dst.addr != prefix_first(&dst)) {
		complain(text, "route \"%s\": should be a prefix without bits "
		    "set behind its length", shown(text->text));
		return;
	}
	for (i = 0; i < dhcp->nroute; i++)
		if (prefix_equal(&dhcp->route[i].dst, &dst)) {
			complain(text, "route %s is already set in this block",
			    prefix_ntoa(&dst));
			return;
		}
	if (dhcp->nroute == ROUTES_MAX) {
		complain(text, "more than %d routes", ROUTES_MAX);
		return;
	}
	if (!via.ok)
		return;
	dhcp->route = grow(dhcp->route, dhcp->nroute, sizeof(*dhcp->route));
	dhcp->route[dhcp->nroute].dst = dst;
	dhcp->route[dhcp->nroute++].via = via.addr;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 0x and pairs of digits: the number of bytes, or -1. */
static int
parse_bytes(const char *text, uint8_t *data)
{
	size_t	 i, len = strlen(text);
	int	 high, low;

	if (len < 4 || len % 2 != 0 || len > 2 + 2 * 255)
		return -1;
	for (i = 2; i < len; i += 2) {
		high = hex_digit(text[i]);
		low = hex_digit(text[i + 1]);
		if (high == -1 || low == -1)
			return -1;
		*data++ = (uint8_t)(high << 4 | low);
	}
	return (int)(len / 2) - 1;
}

/* A bare value: the number of bytes, or -1. */
static int
parse_value(const char *text, uint8_t *data, enum option_kind *kind)
{
	uint32_t	 number;
	int		 i, len = 4;

	if (strncmp(text, "0x", 2) == 0) {
		*kind = OPTION_BYTES;
		return parse_bytes(text, data);
	}
	*kind = OPTION_ADDRESS;
	if (addr_parse(text, &number) == -1) {
		*kind = OPTION_NUMBER;
		if (!parse_number(text, UINT32_MAX, &number))
			return -1;
		len = number > UINT16_MAX ? 4 : number > UINT8_MAX ? 2 : 1;
	}
	for (i = len - 1; i >= 0; i--) {
		data[i] = (uint8_t)number;
		number >>= 8;
	}
	return len;
}

static void
add_option(const struct token *code, const struct token *value, bool quoted)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	enum option_kind	 kind = OPTION_TEXT;
	uint32_t		 number;
	uint8_t			 data[255];
	size_t			 i;
	int			 len;

	if (!parse_number(code->text, UINT8_MAX, &number)) {
		complain(code, "option \"%s\": should be a number from 1 to "
		    "254", shown(code->text));
		return;
	}
	if (!conf_valid_option((uint8_t)number)) {
		complain(code, "option %u is set by vmnetd itself", number);
		return;
	}
	for (i = 0; i < dhcp->noption; i++)
		if (dhcp->option[i].code == number) {
			complain(code, "option %u is already set in this block",
			    number);
			return;
		}
	if (quoted) {
		len = (int)strlen(value->text);
		if (len <= (int)sizeof(data))
			memcpy(data, value->text, (size_t)len);
	} else
		len = parse_value(value->text, data, &kind);
	if (len == -1 || len > (int)sizeof(data))
		complain(value, "option %u: \"%s\" should be \"TEXT\" or "
		    "0xBYTES, both of at most 255 bytes, an address, or a "
		    "number", number, shown(value->text));
	else
		store_option((uint8_t)number, kind, data, (size_t)len);
}

static void
store_option(uint8_t code, enum option_kind kind, const uint8_t *data,
    size_t len)
{
	struct dhcp_conf	*dhcp = ps->dhcp;
	struct dhcp_option	*option;

	dhcp->option = grow(dhcp->option, dhcp->noption, sizeof(*option));
	option = &dhcp->option[dhcp->noption++];
	option->code = code;
	option->kind = kind;
	option->len = len;
	/* Never NULL, whatever the length. */
	if ((option->data = calloc(1, len + 1)) == NULL)
		fatal("configuration");
	memcpy(option->data, data, len);
}

/*
 * A run.
 */

static void
warn_unused(const char *name, const char *file, int line)
{
	log_debug("%s:%d: macro \"%s\" is not used", file, line, name);
}

struct conf *
parse_config(const char *path, conf_report *reporter, void *arg)
{
	struct parser	*parser;
	struct conf	*conf;
	const char	*why;
	char		*message;
	int		 mistakes;

	if ((parser = calloc(1, sizeof(*parser))) == NULL ||
	    (conf = conf_new()) == NULL)
		fatal("configuration");
	parser->conf = conf;
	parser->report = reporter;
	parser->arg = arg;
	parser->lexer = lexer_new();
	ps = parser;
	if (lexer_push(parser->lexer, path, &why) == -1) {
		if (asprintf(&message, "%s: %s", path, why) == -1)
			fatal("configuration");
		reporter(arg, message);
		free(message);
		parser->mistakes++;
	} else {
		if (yyparse() != 0 && parser->mistakes == 0)
			complain(&parser->token, "cannot be parsed");
		lexer_unused(parser->lexer, warn_unused);
		parser->mistakes += conf_check(conf, reporter, arg);
	}
	mistakes = parser->mistakes;
	lexer_free(parser->lexer);
	free(parser);
	ps = NULL;
	if (mistakes == 0)
		return conf;
	conf_free(conf);
	return NULL;
}
