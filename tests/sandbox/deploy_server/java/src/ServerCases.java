import com.xebialabs.deployit.booter.remote.Proxies;
import com.xebialabs.deployit.engine.api.security.Permission;
import com.xebialabs.deployit.engine.api.security.User;
import com.xebialabs.deployit.plugin.api.reflect.Descriptor;
import com.xebialabs.deployit.plugin.api.reflect.PropertyKind;
import com.xebialabs.deployit.plugin.api.reflect.Type;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the server says about itself, its types, its users. */
final class ServerCases {
    private final Proxies server;

    ServerCases(Proxies server) {
        this.server = server;
    }

    Map<String, Check.Case> all() {
        Map<String, Check.Case> cases = new LinkedHashMap<>();
        cases.put("server_info_is_read", this::serverInfo);
        cases.put("descriptors_are_read", this::descriptors);
        cases.put("every_descriptor_is_found_by_name", this::everyDescriptor);
        cases.put("users_roles_and_permissions", this::security);
        cases.put("orchestrators_and_permissions_are_listed", this::metadataLists);
        return cases;
    }

    private void serverInfo() {
        Check.expect(!server.getServerService().getInfo().getVersion().isEmpty(), "no version");
    }

    private void descriptors() {
        Descriptor host = server.getMetadataService().findDescriptor(Type.valueOf("overthere.SshHost"));
        Check.expect(host.getPropertyDescriptor("port").getKind() == PropertyKind.INTEGER, "kind of port");
        Check.expect(host.getPropertyDescriptor("password").isPassword(), "password");
        Check.expect(host.getPropertyDescriptor("os").getKind() == PropertyKind.ENUM, "kind of os");
        Check.expect("Infrastructure".equals(host.getRoot().getRootNodeName()), "root " + host.getRoot());
        Descriptor environment = Type.valueOf("udm.Environment").getDescriptor();
        Check.expect(environment.getPropertyDescriptor("members").getKind() == PropertyKind.SET_OF_CI, "kind of members");
        Type container = Type.valueOf("udm.Container");
        Check.expect(container.equals(environment.getPropertyDescriptor("members").getReferencedType()), "members");
        Check.expect(Type.valueOf("overthere.SshHost").isSubTypeOf(container), "a host is no container");
    }

    private void everyDescriptor() {
        Collection<Descriptor> all = server.getMetadataService().listDescriptors();
        Check.expect(all.size() > 20, all.size() + " descriptors");
        for (Descriptor descriptor : all) {
            Check.expect(descriptor.getType().getDescriptor() != null, "no descriptor for " + descriptor.getType());
        }
    }

    private void security() {
        User user = new User("javauser", false);
        user.setPassword("Secret-1-secret");
        server.getUserService().create("javauser", user);
        Check.expect("javauser".equals(server.getUserService().read("javauser").getUsername()), "user");
        server.getRoleService().create("javarole");
        server.getRoleService().assign("javarole", "javauser");
        Check.expect(server.getRoleService().list().contains("javarole"), "roles " + server.getRoleService().list());
        server.getPermissionService().grant("read", "Environments", "javarole");
        Check.expect(server.getPermissionService().isGranted("read", "Environments", "javarole"), "not granted");
        server.getPermissionService().revoke("read", "Environments", "javarole");
        Check.expect(!server.getPermissionService().isGranted("read", "Environments", "javarole"), "still granted");
        server.getRoleService().delete("javarole");
        server.getUserService().delete("javauser");
    }

    private void metadataLists() {
        Check.expect(server.getMetadataService().listOrchestrators().contains("parallel-by-container"), "orchestrators");
        List<String> names = new ArrayList<>();
        for (Permission permission : server.getMetadataService().listPermissions()) {
            names.add(permission.getPermissionName());
        }
        Check.expect(names.contains("read"), "permissions " + names);
    }
}
