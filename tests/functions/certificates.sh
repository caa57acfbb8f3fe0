# Certificates for a script, in the directory where it is; read behind lib.sh.
#
#	authority ca                             # ca.pem, ca.key
#	certificate ca NAME 'DNS:a.test' [DAYS]  # NAME.pem, NAME.key; of less than no days when it has expired

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>>openssl.log
}

certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2.key" -out "$2.csr" -subj "/CN=test" 2>>openssl.log &&
		openssl x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -CAcreateserial -days "${4:-2}" -out "$2.pem" \
			-extfile <(echo "subjectAltName = $3") 2>>openssl.log
}
