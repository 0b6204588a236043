"""What the pages of web and central share: server, certificates, login, security headers, live events.

    app = page_app(__name__, words=words, hosts=names)   pages.py: Flask, strict headers, shared files below /shared/
    login = Login(directory=…, sessions=…, now=…)        login.py: /login, /login/<token>, /password, /logout
    login.join(app); @login.needs("viewer")              on every view that is not for everyone
    channel.publish(state); events(channel, streams)     events.py: server-sent events, the newest state wins
    PageServer(app, host, port, tls=…).start()           server.py: cheroot; TLS beyond loopback
    BoxCertificates(directory).ensure(names, now)        certificates.py: the box's own CA and the pages' certificate
    ScanLinkServer, ScanLink, PreviewFeed                scan_link/: between scan and web

A page's script imports `live` from /shared/live.js: it gets every state, by events or by polling, and learns when
neither works. This face imports nothing: scan knows scan_link alone, and shall not carry a web framework.
"""
