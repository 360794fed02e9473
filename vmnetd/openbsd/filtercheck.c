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
#include <sys/socket.h>
#include <sys/sysctl.h>

#include <net/if.h>

#include <netinet/in.h>
#include <netinet/ip_var.h>

#include <stdlib.h>

#include "filtercheck.h"
#include "group.h"
#include "log.h"
#include "mainrules.h"
#include "paths.h"
#include "pfctl.h"
#include "pfdev.h"

static void	 check_enabled(const struct mainrules *);
static void	 check_forwarding(const struct mainrules *);
static int	 ask(const char *const[], struct pfctl_answer *);
static void	 check_main(struct mainrules *);

static void
check_enabled(const struct mainrules *mr)
{
	if (pfdev_enabled() == 0)
		mr->finding(mr->arg, "pf is disabled, so there is no NAT and "
		    "guests are not confined: rcctl enable pf && pfctl -e");
}

/* 2 forwards what IPsec brings, and nothing else. */
static void
check_forwarding(const struct mainrules *mr)
{
	const int	 mib[] = { CTL_NET, PF_INET, IPPROTO_IP,
			    IPCTL_FORWARDING };
	int		 on = 0;
	size_t		 len = sizeof(on);

	if (sysctl(mib, 4, &on, &len, NULL, 0) == 0 && on != 1)
		mr->finding(mr->arg, "IP forwarding is off, so guests reach "
		    "only this host: add net.inet.ip.forwarding=1 to "
		    "/etc/sysctl.conf and run "
		    "sysctl net.inet.ip.forwarding=1");
}

static int
ask(const char *const argv[], struct pfctl_answer *answer)
{
	switch (pfctl_run(argv, "", answer)) {
	case -1:
		log_warn("%s", PATH_PFCTL);
		return -1;
	case 1:
		log_warnx("%s: %s", PATH_PFCTL, answer->err);
		pfctl_free(answer);
		return -1;
	default:
		return 0;
	}
}

static void
check_main(struct mainrules *mr)
{
	const char		*const rules[] = { "-q", "-s", "rules", NULL };
	const char		*const ifs[] = { "-q", "-v", "-s",
				    "Interfaces", NULL };
	struct pfctl_answer	 answer;
	char			(*names)[IF_NAMESIZE];

	mr->negress = group_members("egress", &names);
	mr->egress = (const char (*)[IF_NAMESIZE])names;
	if (ask(rules, &answer) == 0) {
		mainrules_rules(mr, answer.out);
		pfctl_free(&answer);
	}
	if (ask(ifs, &answer) == 0) {
		mainrules_skip(mr, answer.out);
		pfctl_free(&answer);
	}
	free(names);
}

void
filtercheck(struct mainrules *mr)
{
	check_enabled(mr);
	check_forwarding(mr);
	check_main(mr);
}
