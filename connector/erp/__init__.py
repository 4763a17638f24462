"""Where the ERP's files lie: folders here, or on an SFTP server."""
