// Command: settings, start-up and the command line. It builds each loop's share of the service, joins what the other
// targets keep apart (a dataset and its upstream's address, events and the log), and stops it all in order. It decides
// nothing about data.
