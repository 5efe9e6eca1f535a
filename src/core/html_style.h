/*-------------------------------------------------------------------------
 *
 * html_style.h
 *	  The style sheet that a diff in HTML brings along.
 *
 * Every selector is below .diffgen, so that the style of a page around it is
 * left alone.  Only html.c includes this file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DIFFGEN_HTML_STYLE_H
#define DIFFGEN_HTML_STYLE_H

static const char html_style[] =
"<style>\n"
".diffgen{--dg-fg:#1f2328;--dg-bg:#fff;--dg-mute:#59636e;--dg-line:#d1d9e0;"
"--dg-del:#ffebe9;--dg-del-w:#ffb3ad;--dg-ins:#e6ffec;--dg-ins-w:#8ee6a1;"
"--dg-hunk:#ddf4ff;color-scheme:light dark;color:var(--dg-fg);"
"background:var(--dg-bg);font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,"
"Consolas,\"Liberation Mono\",monospace}\n"
"@media (prefers-color-scheme:dark){.diffgen{--dg-fg:#e6edf3;--dg-bg:#0d1117;"
"--dg-mute:#9198a1;--dg-line:#3d444d;--dg-del:#42181c;--dg-del-w:#8e2f31;"
"--dg-ins:#12361f;--dg-ins-w:#1f6f37;--dg-hunk:#0f2a4a}}\n"
".diffgen table{border-collapse:collapse;width:100%;table-layout:fixed;"
"border:1px solid var(--dg-line);margin:0 0 1em}\n"
".diffgen caption{text-align:left;font-weight:bold;padding:.4em 0}\n"
".diffgen th,.diffgen td{padding:0 .6em;vertical-align:top;text-align:left}\n"
".diffgen thead th{font-weight:normal;color:var(--dg-mute);"
"border-bottom:1px solid var(--dg-line)}\n"
".diffgen .dg-n{width:4em;padding:0 .3em;text-align:right;color:var(--dg-mute);"
"user-select:none}\n"
".diffgen .dg-s{width:1.2em;padding:0 .2em;text-align:center;"
"user-select:none}\n"
".diffgen .dg-t{white-space:pre-wrap;overflow-wrap:anywhere;tab-size:8;"
"unicode-bidi:isolate}\n"
".diffgen .dg-hunk th{background:var(--dg-hunk);color:var(--dg-mute);"
"font-weight:normal;white-space:pre-wrap;overflow-wrap:anywhere}\n"
".diffgen .dg-del{background:var(--dg-del)}\n"
".diffgen .dg-ins{background:var(--dg-ins)}\n"
".diffgen del,.diffgen ins{text-decoration:none}\n"
".diffgen del mark{background:var(--dg-del-w);color:inherit;"
"text-decoration:line-through}\n"
".diffgen ins mark{background:var(--dg-ins-w);color:inherit;"
"text-decoration:underline}\n"
".diffgen .dg-x{border:1px solid var(--dg-mute);border-radius:3px;"
"font-size:85%}\n"
".diffgen .dg-e{color:var(--dg-mute);font-style:italic;"
"user-select:none}\n"
".diffgen .dg-h{font-size:0}\n"
".diffgen .dg-fold td{background:var(--dg-hunk);color:var(--dg-mute)}\n"
".diffgen .dg-fold:has(input:not(:checked))+.dg-more{display:none}\n"
".diffgen pre{color:var(--dg-mute);white-space:pre-wrap;"
"overflow-wrap:anywhere;margin:.4em 0}\n"
"@media print{.diffgen{print-color-adjust:exact;"
"-webkit-print-color-adjust:exact}.diffgen .dg-fold{display:none}"
".diffgen .dg-fold:has(input:not(:checked))+.dg-more{"
"display:table-row-group}.diffgen tr{break-inside:avoid}}\n"
"</style>\n";

#endif							/* DIFFGEN_HTML_STYLE_H */
